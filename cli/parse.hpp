#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace delegate::cli {

struct AskCommand {
  std::vector<std::string> words;
  std::string backend = "auto";
  std::string type;
  std::string model;
  std::string system;
  std::string directory;
  std::string session;
  std::string timeout;
  std::optional<bool> fallback;
  bool write = false;
  bool no_stdin = false;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};
struct StatusCommand {
  bool json = false;
};
struct BackendsCommand {
  bool check = false;
  bool json = false;
};
struct PingCommand {
  std::string backend;  // empty: all that are enabled
  bool json = false;
};
struct BreakerCommand {
  enum class Action { list, reset, trip, disable, enable };
  Action action = Action::list;
  std::string backend;
  bool all = false;
  std::string duration;
  bool json = false;
};
struct ConfigCommand {
  bool json = false;
};
/// Help or version: a text for stdout.
struct ShowText {
  std::string text;
};
struct UsageError {
  std::string what;
  std::string hint;
};

using Command = std::variant<AskCommand, StatusCommand, BackendsCommand, PingCommand, BreakerCommand, ConfigCommand,
                             ShowText, UsageError>;

struct CommandLine {
  Command command;
  std::string config_file;
  std::string color;  // auto, always or never
};

/// Never exits, prints or throws.
CommandLine parse(const std::vector<std::string>& arguments);

}  // namespace delegate::cli
