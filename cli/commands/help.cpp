#include "cli/args/help.hpp"

#include "cli/args/usage.hpp"
#include "cli/commands/context.hpp"

namespace delegate::cli {
namespace {

struct HelpOptions {
  std::vector<std::string> topic;
};
constexpr OptionRow kHelpOptions[] = {
    {.value = "COMMAND",
     .help = "Command to explain (default: list all commands)",
     .kind = ValueKind::commands,
     .store = into<&HelpOptions::topic>},
};

CommandResult help(const CommandContext& context, const HelpOptions& options) {
  const CommandTable table = all_commands();
  const CommandRow* command = nullptr;
  for (const std::string& word : options.topic) {
    const CommandRow* inner = table.named(command == nullptr ? word : std::string(command->name) + " " + word);
    if (inner == nullptr || inner->is_hidden()) {
      const UsageError error = unknown_command(table, {{command, word}});
      return fail_as(ErrorKind::usage, {Code::invalid_argument, "help: " + error.what, error.hint});
    }
    command = inner;
  }
  return context.output.answer(help_page(table, command));
}

}  // namespace

extern constexpr CommandRow kHelp{.name = "help",
                                  .group = kSetUpGroup,
                                  .help = "Explain a command and its options",
                                  .options = kHelpOptions,
                                  .run = run_with<help>};

}  // namespace delegate::cli
