#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/redact.hpp"
#include "core/config/configured.hpp"

// What the commands say about a configuration.
namespace delegate {

/// What is wrong with it, and how a command that needs it ends.
struct ConfigVerdict {
  std::vector<Error> errors;                   // a line each; settings that only lack trust share one
  std::string_view outcome = "configuration";  // or "blocked": settings that lack trust are all that is wrong
};
ConfigVerdict verdict_on(const Configured& configured);

/// Files that were read, and the variables that set something.
std::vector<std::string> files_of(const Configured& configured);
std::vector<std::string> variables_of(const Config& config);

/// Where a value was set, for people: `~/.config/delegate/delegate.toml:3`.
std::string origin_text(const ProcessFacts& process, const Configured& configured, const Origin& origin);

/// Removes passwords and keys from a value: whoever looks over one's shoulder, or reads a bug report, may see the rest.
class Masking {
 public:
  explicit Masking(const ProcessFacts& process) : redact_(process.environment) {}
  PlainValue operator()(const ConfigValue& value) const;

 private:
  std::string masked(const std::string& key, std::string text) const;

  Redactor redact_;
};

}  // namespace delegate
