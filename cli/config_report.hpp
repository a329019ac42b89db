#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/host.hpp"

// What the commands say about a configuration.
namespace delegate::cli {

/// What is wrong with it, and how a command that needs it ends.
struct ConfigVerdict {
  std::vector<Error> errors;  // a line each; settings that only lack trust share one
  std::string_view outcome = "configuration";
  int exit_code = 0;
};
ConfigVerdict verdict_on(const Configured& configured);

/// Files that were read, and the variables that set something.
std::vector<std::string> files_of(const Configured& configured);
std::vector<std::string> variables_of(const Config& config);

/// Where a value was set, for people: `~/.config/delegate/delegate.toml:3`.
std::string origin_text(const World& world, const Configured& configured, const Origin& origin);

/// Removes passwords and keys from a value: whoever looks over one's shoulder, or reads a bug report, may see the rest.
class Masking {
 public:
  explicit Masking(const World& world) : redact_(world.environment) {}
  PlainValue operator()(const ConfigValue& value) const;

 private:
  std::string masked(const std::string& key, std::string text) const;

  Redactor redact_;
};

// As JSON.
std::string check_json(const Configured& configured);
std::string show_json(const Configured& configured, const std::vector<ConfigValue>& values);

}  // namespace delegate::cli
