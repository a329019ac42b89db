#pragma once
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/args/parse.hpp"

// The command line, described once and at compile time: the parser, --help, the man page and the completions are made
// of these tables. A new option is one entry here and one member in parse.hpp.
namespace delegate::cli {

/// What was typed, before it is known which of these is the command.
struct Typed {
  AskCommand ask;
  ResultCommand result;
  CancelCommand cancel;
  CarryCommand carry;
  McpCommand mcp;
  RunsCommand runs;
  PingCommand ping;
  BreakerCommand breaker;
  NotificationsCommand notifications;
  GuardCommand guard;
  HealthCommand health;
  ConfigCommand config;
  TrustCommand trust;
  SetupCommand setup;
  CompletionCommand completion;
  CompleteCommand complete;
  std::vector<std::string> topic;  // of `help`
  std::string config_file;
  std::string color = "auto";
  WorkerCommand worker;
  StatusCommand status;
  BackendsCommand backends;
  DoctorCommand doctor;
  DrillCommand drill;
  bool help = false;
  bool version = false;
};

/// Where a value is put; a flag's place sets it.
using Place = std::variant<void (*)(Typed&), bool& (*)(Typed&), int& (*)(Typed&), std::string& (*)(Typed&),
                           std::vector<std::string>& (*)(Typed&)>;

/// What may stand in a place, and so what a shell offers there.
enum class Words { free, choices, files, directories, backends, candidates, runs, keys, outcomes, commands };

enum class Need { optional, required };
enum class Empty { refused, allowed };

struct OptionText {
  std::string_view names;  // "-b, --backend"; empty: a word that stands without a dash
  std::string_view value;  // "NAME"; empty: a flag
  std::string_view help;   // one line, for --help and the shells
  std::string_view more;   // what the man page adds to it
  std::string_view group;  // the heading above it in --help; empty: as the one before
  std::string_view bare;   // what it means without a value, which may be given with = only; empty: the value is needed
  Words words = Words::free;
  std::vector<std::string_view> (*choices)() = nullptr;  // with Words::choices: these and no others
  Need need = Need::optional;
  Empty empty = Empty::refused;
  int least = 0;  // of a number
  int most = 0;
  Place place = static_cast<void (*)(Typed&)>(nullptr);

  bool is_word() const { return names.empty(); }
  bool is_flag() const { return value.empty(); }
  bool needs_value() const { return !is_flag() && bare.empty(); }
  bool repeats() const { return std::holds_alternative<std::vector<std::string>& (*)(Typed&)>(place); }
};

/// `one` cannot stand together with any of `others`.
struct Exclusion {
  std::string_view one;  // an option's long name, or a word's value name
  std::vector<std::string_view> (*others)();
  std::string_view hint;
};

struct CommandText {
  std::string_view name;   // "ask", "breaker trip"
  std::string_view group;  // the heading above it in the list of commands; empty: not for people
  std::string_view help;   // one line
  std::string_view more;   // paragraphs of the man page, apart by an empty line
  std::span<const OptionText> options;
  std::span<const std::string_view> examples;
  std::span<const Exclusion> exclusions;
  Command (*take)(Typed&) = nullptr;  // absent: one of its sub-commands must follow
  std::string_view otherwise = {};    // … or this one is meant

  bool is_hidden() const { return group.empty(); }
  std::string_view last_name() const { return name.substr(name.rfind(' ') + 1); }  // npos + 1 is 0
};

struct ExitText {
  std::string_view code;
  std::string_view brief;
  std::string_view meaning;
};

/// All of them, hidden ones too; a sub-command stands after its command.
std::span<const CommandText* const> all_commands();
/// Null: there is none of this name.
const CommandText* command_named(std::string_view name);
/// One level below; of the program itself for an empty name. Without hidden ones.
std::vector<const CommandText*> commands_below(std::string_view name);
/// What every command takes.
std::span<const OptionText> global_options();
std::span<const ExitText> exit_statuses();
std::string_view synopsis();  // what the program does, in a sentence

/// "-b" and "--backend" of "-b, --backend".
std::vector<std::string_view> names_of(const OptionText& option);
/// The name that messages use: the long one, of a word its value's.
std::string_view main_name(const OptionText& option);
/// The names, or the choices, with this between them.
std::string join_names(const OptionText& option, std::string_view separator);
std::string join_choices(const OptionText& option, std::string_view separator);
/// "DUR", or "[=DUR]" when it may be left out.
std::string value_of(const OptionText& option);
/// "-b, --backend NAME", "[PROMPT...]".
std::string heading_of(const OptionText& option);
/// "delegate ask [OPTION...] [PROMPT...]"; "delegate COMMAND [OPTION...]" for null.
std::string usage_of(const CommandText* command);

}  // namespace delegate::cli
