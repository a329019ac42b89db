#pragma once
#include <string>
#include <vector>

#include "core/base/redact.hpp"
#include "core/config/configured.hpp"

// How commands report a configuration.
namespace delegate {

/// The problems of a configuration, and what they mean to a command that needs it.
struct ConfigVerdict {
  std::vector<Error> errors;      // one line each; all settings that only lack trust share one
  bool lacks_trust = false;       // the project's file cannot be used before it is trusted
  bool lacks_only_trust = false;  // … and that is the only problem
};
ConfigVerdict verdict_on(const Configured& configured);

/// Keys of a project's file in one line: the first ones, and how many more there are.
std::string listed(const std::vector<std::string>& keys);

/// Files that were read, and the variables that set something.
std::vector<std::string> files_of(const Configured& configured);
std::vector<std::string> variables_of(const Config& config);

/// Where a value was set, for people: `~/.config/delegate/delegate.toml:3`.
std::string origin_text(const ProcessFacts& process, const Configured& configured, const Origin& origin);

/// Removes passwords and keys from a value, so that it can be shown on a screen and in a bug report.
class Masking {
 public:
  explicit Masking(const ProcessFacts& process) : redact_(process.environment) {}
  PlainValue operator()(const ConfigValue& value) const;

 private:
  std::string masked(const std::string& key, std::string text) const;

  Redactor redact_;
};

}  // namespace delegate
