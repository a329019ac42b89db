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
  bool continue_session = false;
  std::string tier;
  std::vector<std::string> files;
  std::string timeout;
  std::optional<bool> fallback;
  std::optional<bool> stream;  // else: to a terminal
  bool write = false;
  bool no_stdin = false;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};
struct SubmitCommand {
  AskCommand ask;
};
struct ResultCommand {
  std::string id;
  std::string wait;  // a duration, or "forever"; empty: not at all
  bool json = false;
  bool quiet = false;
};
struct CancelCommand {
  std::string id;
  bool json = false;
};
/// Runs what waits and whose process is gone.
struct WorkerCommand {
  bool json = false;
};
struct McpCommand {
  bool allow_write = false;
  std::string client_timeout;
};
/// Not for people: the process of one run in the background.
struct CarryCommand {
  std::string id;
};
struct StatusCommand {
  bool watch = false;
  bool json = false;
};
struct RunsCommand {
  std::string id;  // show this one; empty: list them
  std::string backend;
  std::string outcome;
  std::string since;  // a duration before now, or a date
  int most = 20;
  bool totals = false;
  bool json = false;
};
struct BackendsCommand {
  bool check = false;
  bool json = false;
};
struct DoctorCommand {
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
struct NotificationsCommand {
  enum class Action { list, acknowledge, test };
  Action action = Action::list;
  std::string id;
  bool all = false;
  bool json = false;
};
struct GuardCommand {
  enum class Action { list, reset };
  Action action = Action::list;
  std::string name;
  bool all = false;
  bool json = false;
};
struct HealthCommand {
  bool json = false;
};
/// Not for people: tells what is owed.
struct AnnounceCommand {};
struct ConfigCommand {
  enum class Action { show, check, path, init };
  Action action = Action::check;
  std::vector<std::string> keys;  // show: only these, or those below them; empty: all
  bool force = false;             // init: overwrite
  bool print = false;             // init: to stdout
  bool json = false;
};
struct TrustCommand {
  std::string directory;  // empty: here
  bool list = false;
  bool forget = false;
  bool json = false;
};
struct SetupCommand {
  std::string editor;  // empty: list them
  bool undo = false;
  bool project = false;
  bool allow_write = false;
  std::vector<std::string> variables;
  bool print = false;
  bool json = false;
};
struct DrillCommand {
  bool mine = false;
  bool json = false;
};
/// Not for people: one of the drill's scripted backends.
struct StandInCommand {
  std::string kind;
  std::vector<std::string> words;  // what the real CLI would have been given
};
struct CompletionCommand {
  std::string shell;
};
/// Not for people: the words that a shell offers for something that only the host knows.
struct CompleteCommand {
  std::string what;  // "backends", "runs", "keys", …
};
/// Not for people: the man page.
struct ManualCommand {};
/// Help or version: a text for stdout, or for stderr when it answers a command line without a command.
struct ShowText {
  std::string text;
  bool is_asked_for = true;
};
struct UsageError {
  std::string what;
  std::string hint;
};

using Command = std::variant<AskCommand, SubmitCommand, ResultCommand, CancelCommand, WorkerCommand, CarryCommand,
                             McpCommand, StatusCommand, RunsCommand, BackendsCommand, PingCommand, DoctorCommand,
                             BreakerCommand, NotificationsCommand, GuardCommand, HealthCommand, AnnounceCommand,
                             ConfigCommand, TrustCommand, SetupCommand, DrillCommand, StandInCommand, CompletionCommand,
                             CompleteCommand, ManualCommand, ShowText, UsageError>;

struct CommandLine {
  Command command;
  std::string config_file;
  std::string color;  // auto, always or never
};

/// Never exits, prints or throws.
CommandLine parse(const std::vector<std::string>& arguments);

}  // namespace delegate::cli
