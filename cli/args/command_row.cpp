#include "cli/args/command_row.hpp"

#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

constexpr std::string_view kColors[] = {"auto", "always", "never"};

constexpr OptionRow kGlobal[] = {
    {.names = "--config",
     .value = "FILE",
     .help = "Use this configuration file and no other",
     .more = "Neither your own file nor a project's is read. The same as the variable `DELEGATE_CONFIG`.",
     .kind = ValueKind::files,
     .store = into<&GlobalOptions::config_file>},
    {.names = "--color",
     .value = "WHEN",
     .help = "Color stdout: auto, always or never",
     .more = "`auto`, the default, uses color on a terminal unless `NO_COLOR` is set or `TERM` is dumb.",
     .kind = ValueKind::choices,
     .choices = values_in<kColors>,
     .store = into<&GlobalOptions::color>},
    {.names = "-h, --help", .help = "Print help", .store = into<&GlobalOptions::help>},
    {.names = "--version", .help = "Print the version", .store = into<&GlobalOptions::version>},
};

constexpr ExitRow kExits[] = {
    {"0", "answered", "Answered, or done."},
    {"1", "all failed", "All candidates that were tried failed; the message says why each did."},
    {"2", "usage", "The command line is invalid."},
    {"3", "config", "The configuration is invalid."},
    {"4", "none available",
     "No backend is available right now: breakers are open or all slots are in use; the message says why, and until "
     "when if that is known."},
    {"5", "none installed", "No backend is installed and enabled."},
    {"6", "blocked", "Refused: delegations are nested too deep, or a policy or missing trust forbids it."},
    {"70", "internal", "An internal error, or output that could not be written."},
    {"124", "deadline", "Timed out."},
    {"130/143", "interrupted", "Interrupted by SIGINT or SIGTERM; everything that was started has been stopped."},
};

std::string joined(const std::vector<std::string_view>& parts, std::string_view separator) {
  const std::vector<std::string> texts(parts.begin(), parts.end());
  return join(texts, separator);
}

}  // namespace

const CommandRow* CommandTable::named(std::string_view name) const {
  for (const CommandRow* command : rows_)
    if (command->name == name) return command;
  return nullptr;
}

std::vector<const CommandRow*> CommandTable::below(const CommandRow* group) const {
  const std::string prefix = group == nullptr ? std::string() : std::string(group->name) + " ";
  std::vector<const CommandRow*> below;
  for (const CommandRow* command : rows_)
    if (!command->is_hidden() && command->name.starts_with(prefix) &&
        command->name.find(' ', prefix.size()) == std::string_view::npos)
      below.push_back(command);
  return below;
}

std::span<const OptionRow> global_options() { return kGlobal; }

std::span<const ExitRow> exit_statuses() { return kExits; }

std::string_view synopsis() { return "Ask the AI tools that are installed here; those that fail are skipped."; }

std::vector<std::string_view> names_of(const OptionRow& option) {
  if (option.is_positional()) return {};
  std::vector<std::string_view> names = split(option.names, ',');
  for (std::string_view& name : names) name = trim(name);
  return names;
}

std::string_view main_name(const OptionRow& option) {
  return option.is_positional() ? option.value : names_of(option).back();
}

std::string join_names(const OptionRow& option, std::string_view separator) {
  return joined(names_of(option), separator);
}

std::string join_choices(const OptionRow& option, std::string_view separator) {
  return option.choices == nullptr ? std::string() : joined(option.choices(), separator);
}

std::string value_of(const OptionRow& option) {
  return option.implied.empty() ? std::string(option.value) : "[=" + std::string(option.value) + "]";
}

std::string heading_of(const OptionRow& option) {
  const std::string value = value_of(option);
  if (!option.is_positional()) return std::string(option.names) + (option.needs_value() ? " " : "") + value;
  const std::string words = value + (option.repeats() ? "..." : "");
  return option.presence == Presence::required ? words : "[" + words + "]";
}

std::string usage_of(const CommandRow* command) {
  std::string usage = "delegate";
  if (command != nullptr) usage += " " + std::string(command->name);
  if (command == nullptr || command->is_group()) return usage + " COMMAND [OPTION...]";
  std::string words;
  bool has_options = false;
  for (const OptionRow& option : command->options) {
    if (option.is_positional()) words += " " + heading_of(option);
    else has_options = true;
  }
  return usage + (has_options ? " [OPTION...]" : "") + words;
}

}  // namespace delegate::cli
