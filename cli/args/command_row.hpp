#pragma once
#include <any>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/args/command_error.hpp"

// A command is a constant row: its options, its help, what it needs and the function that runs it. The parser, --help,
// the man page, the completions and the dispatcher all read the same row. Rows are constants, so no command costs
// anything at start-up.
namespace delegate::cli {

struct CommandContext;  // cli/commands/context.hpp; this room only hands it on

/// Where a value goes: into the command's own options, a struct whose type only the command knows. A flag without a
/// value calls or sets.
using Store = std::variant<void (*)(std::any&), bool& (*)(std::any&), int& (*)(std::any&), std::string& (*)(std::any&),
                           std::vector<std::string>& (*)(std::any&)>;

template <class Options, class Value>
Options owner_of(Value Options::*);
/// `.store = into<&PingOptions::backend>`. No two commands may give their options the same name: g++ would give both
/// the same weak symbol, although they are in anonymous namespaces.
template <auto member>
auto& into(std::any& options) {
  return std::any_cast<decltype(owner_of(member))&>(options).*member;
}
/// `.store = set<&AskOptions::fallback, false>`
template <auto member, auto value>
void set(std::any& options) {
  into<member>(options) = value;
}

/// What a value may be, and so what a shell offers for it.
enum class ValueKind {
  text,
  choices,
  files,
  directories,
  backends,
  candidates,
  runs,
  unended,
  writing,
  keys,
  outcomes,
  commands
};
enum class Presence { optional, required };
enum class Empty { refused, allowed };

/// An option, or a positional argument if it has no names.
struct OptionRow {
  std::string_view names;    // "-b, --backend"
  std::string_view value;    // "NAME"; empty: a flag
  std::string_view help;     // one line, for --help and the shells
  std::string_view more;     // what the man page adds to it
  std::string_view group;    // the heading above it in --help; empty: the same as the row before
  std::string_view implied;  // the value when it is left out; one that is given needs a `=`. Empty: a value is required
  ValueKind kind = ValueKind::text;
  std::vector<std::string_view> (*choices)() = nullptr;  // of ValueKind::choices
  Presence presence = Presence::optional;
  Empty empty = Empty::refused;
  int min = 0;  // of a number
  int max = 0;
  Store store = static_cast<void (*)(std::any&)>(nullptr);

  bool is_positional() const { return names.empty(); }
  bool is_flag() const { return value.empty(); }
  bool needs_value() const { return !is_flag() && implied.empty(); }
  bool repeats() const { return std::holds_alternative<std::vector<std::string>& (*)(std::any&)>(store); }
};

/// --json is found before anything else is read, so that a usage error is an object as well: World::json has it,
/// and the options of a command do not.
constexpr OptionRow json_flag(std::string_view help, std::string_view group = {}) {
  return {.names = "--json", .help = help, .group = group, .store = [](std::any&) {}};
}

/// `.choices = values_in<kShells>`
template <const auto& names>
std::vector<std::string_view> values_in() {
  return {std::begin(names), std::end(names)};
}

/// `one` cannot be combined with any of `others`.
struct Exclusion {
  std::string_view one;  // an option's long name, or a positional argument's value
  std::array<std::string_view, 8> others;
  std::string_view hint;
};

/// What the dispatcher prepares before it runs the command.
enum class Needs {
  nothing,                  // works without any configuration; the command may read it on its own
  unchecked_configuration,  // that can be read; the command decides what an invalid value means
  configuration,            // that is valid
  host,                     // that, and the opened state: breakers, history, engine
};

/// The exit code of a command that did what it was asked to do.
using CommandResult = tl::expected<int, CommandError>;

/// A run function and the options it takes, without their type.
struct Run {
  std::any (*defaults)() = nullptr;
  CommandResult (*call)(const CommandContext&, const std::any& options) = nullptr;
};

template <class Options>
Options options_of(CommandResult (*)(const CommandContext&, const Options&));
/// `.run = run_with<run>`, where `CommandResult run(const CommandContext&, const PingOptions&)`.
template <auto function>
inline constexpr Run run_with{
    [] { return std::any(decltype(options_of(function)){}); },
    [](const CommandContext& context, const std::any& options) {
      return function(context, std::any_cast<const decltype(options_of(function))&>(options));
    },
};
/// Of a command without options.
struct NoOptions {};

struct CommandRow {
  std::string_view name;   // "ask", "breaker trip"
  std::string_view group;  // the heading above it in the list of commands; empty: hidden
  std::string_view help;   // one line
  std::string_view more;   // paragraphs of the man page, separated by an empty line
  std::span<const OptionRow> options;
  std::span<const std::string_view> examples;
  std::span<const Exclusion> exclusions;
  std::string_view fallback;  // of a group: the sub-command that runs if none is named; empty: one is required
  bool is_verbatim = false;   // all words after the command's name are positional arguments, whatever they look like
  Needs needs = Needs::nothing;
  Run run = {};  // of a group: none

  bool is_hidden() const { return group.empty(); }
  bool is_group() const { return run.call == nullptr; }
  std::string_view last_name() const { return name.substr(name.rfind(' ') + 1); }  // npos + 1 is 0
};

// The headings in the list of commands.
inline constexpr std::string_view kAskGroup = "Ask and inspect";
inline constexpr std::string_view kOperateGroup = "Operate";
inline constexpr std::string_view kSetUpGroup = "Set up";

/// All commands in the order of the list; a sub-command follows its group.
class CommandTable {
 public:
  explicit constexpr CommandTable(std::span<const CommandRow* const> rows) : rows_(rows) {}

  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }
  /// Null: there is none with this name.
  const CommandRow* named(std::string_view name) const;
  /// One level below `group`, or the top level for null; without hidden commands.
  std::vector<const CommandRow*> below(const CommandRow* group) const;

 private:
  std::span<const CommandRow* const> rows_;
};

/// What every command takes.
struct GlobalOptions {
  std::string config_file;
  std::string color = "auto";
  bool help = false;
  bool version = false;
};
std::span<const OptionRow> global_options();

struct ExitRow {
  std::string_view code;
  std::string_view brief;
  std::string_view meaning;
};
std::span<const ExitRow> exit_statuses();
std::string_view synopsis();  // what the program does, in a sentence

/// "-b" and "--backend" of "-b, --backend".
std::vector<std::string_view> names_of(const OptionRow& option);
/// The name that messages use: the long one, or the value of a positional argument.
std::string_view main_name(const OptionRow& option);
std::string join_names(const OptionRow& option, std::string_view separator);
std::string join_choices(const OptionRow& option, std::string_view separator);
/// "DUR", or "[=DUR]" when it may be left out.
std::string value_of(const OptionRow& option);
/// "-b, --backend NAME", "[PROMPT...]".
std::string heading_of(const OptionRow& option);
/// "delegate ask [OPTION...] [PROMPT...]"; "delegate COMMAND [OPTION...]" for null.
std::string usage_of(const CommandRow* command);

}  // namespace delegate::cli
