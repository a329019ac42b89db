#include "cli/args/describe.hpp"

#include "cli/args/describe_tables.hpp"
#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

constexpr const CommandText* kCommands[] = {
    &kAskText,
    &kSubmitText,
    &kResultText,
    &kCancelText,
    &kRunsText,
    &kStatusText,
    &kBackendsText,
    &kPingText,
    &kDoctorText,
    &kBreakerText,
    &kBreakerListText,
    &kBreakerResetText,
    &kBreakerTripText,
    &kBreakerDisableText,
    &kBreakerEnableText,
    &kNotificationsText,
    &kNotificationsListText,
    &kNotificationsAckText,
    &kNotificationsTestText,
    &kGuardText,
    &kGuardListText,
    &kGuardResetText,
    &kHealthText,
    &kDrillText,
    &kWorkerText,
    &kConfigText,
    &kConfigShowText,
    &kConfigCheckText,
    &kConfigPathText,
    &kConfigInitText,
    &kTrustText,
    &kSetupText,
    &kMcpText,
    &kCarryText,
    &kCompletionText,
    &kHelpText,
    &kCompleteText,
    &kManualText,
    &kAnnounceText,
};

constexpr OptionText kGlobal[] = {
    {.names = "--config",
     .value = "FILE",
     .help = "Use this configuration file and no other",
     .more = "Neither your own file nor a project's is read then. The same as the variable `DELEGATE_CONFIG`.",
     .words = Words::files,
     .place = [](Typed& typed) -> std::string& { return typed.config_file; }},
    {.names = "--color",
     .value = "WHEN",
     .help = "Colours on stdout: auto, always or never",
     .more = "`auto`, the default, paints on a terminal unless `NO_COLOR` is set or `TERM` is dumb.",
     .words = Words::choices,
     .choices =
         [] {
           return std::vector<std::string_view>{"auto", "always", "never"};
         },
     .place = [](Typed& typed) -> std::string& { return typed.color; }},
    {.names = "-h, --help",
     .help = "What a command does and takes",
     .place = [](Typed& typed) -> bool& { return typed.help; }},
    {.names = "--version",
     .help = "The version of delegate",
     .place = [](Typed& typed) -> bool& { return typed.version; }},
};

constexpr ExitText kExits[] = {
    {"0", "answered", "Answered, or done."},
    {"1", "all candidates failed", "Candidates were tried and all failed; the message names each and why."},
    {"2", "usage", "The command line cannot be understood, or says what cannot be."},
    {"3", "configuration", "The configuration is broken."},
    {"4", "nothing admissible now", "Breakers are open or slots full; the message says until when."},
    {"5", "nothing installed", "No backend is installed or enabled."},
    {"6", "blocked", "Refused: delegations nest too deep, or a policy or missing trust forbids it."},
    {"70", "internal", "An internal error, or output that could not be written."},
    {"124", "deadline", "The deadline passed."},
    {"130/143", "interrupted", "Interrupted by SIGINT or SIGTERM; what was started is gone."},
};

std::string joined(const std::vector<std::string_view>& parts, std::string_view separator) {
  const std::vector<std::string> texts(parts.begin(), parts.end());
  return join(texts, separator);
}

}  // namespace

std::span<const CommandText* const> all_commands() { return kCommands; }

const CommandText* command_named(std::string_view name) {
  for (const CommandText* command : kCommands)
    if (command->name == name) return command;
  return nullptr;
}

std::vector<const CommandText*> commands_below(std::string_view name) {
  const std::string prefix = name.empty() ? std::string() : std::string(name) + " ";
  std::vector<const CommandText*> below;
  for (const CommandText* command : kCommands)
    if (!command->is_hidden() && command->name.starts_with(prefix) &&
        command->name.find(' ', prefix.size()) == std::string_view::npos)
      below.push_back(command);
  return below;
}

std::span<const OptionText> global_options() { return kGlobal; }

std::span<const ExitText> exit_statuses() { return kExits; }

std::string_view synopsis() {
  return "Asks the AI command line tools that are installed here; skips the broken ones,\n"
         "ends at the local model.";
}

std::vector<std::string_view> names_of(const OptionText& option) {
  if (option.is_word()) return {};
  std::vector<std::string_view> names = split(option.names, ',');
  for (std::string_view& name : names) name = trim(name);
  return names;
}

std::string_view main_name(const OptionText& option) {
  return option.is_word() ? option.value : names_of(option).back();
}

std::string join_names(const OptionText& option, std::string_view separator) {
  return joined(names_of(option), separator);
}

std::string join_choices(const OptionText& option, std::string_view separator) {
  return option.choices == nullptr ? std::string() : joined(option.choices(), separator);
}

std::string value_of(const OptionText& option) {
  return option.bare.empty() ? std::string(option.value) : "[=" + std::string(option.value) + "]";
}

std::string heading_of(const OptionText& option) {
  const std::string value = value_of(option);
  if (!option.is_word()) return std::string(option.names) + (option.needs_value() ? " " : "") + value;
  const std::string words = value + (option.repeats() ? "..." : "");
  return option.need == Need::required ? words : "[" + words + "]";
}

std::string usage_of(const CommandText* command) {
  std::string usage = "delegate";
  if (command != nullptr) usage += " " + std::string(command->name);
  if (command == nullptr || command->take == nullptr) return usage + " COMMAND [OPTION...]";
  std::string words;
  bool has_options = false;
  for (const OptionText& option : command->options) {
    if (option.is_word()) words += " " + heading_of(option);
    else has_options = true;
  }
  return usage + (has_options ? " [OPTION...]" : "") + words;
}

}  // namespace delegate::cli
