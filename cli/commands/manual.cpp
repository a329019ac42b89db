#include "cli/args/completion.hpp"
#include "cli/args/help.hpp"
#include "cli/args/man_page.hpp"
#include "cli/args/usage.hpp"
#include "cli/commands/context.hpp"

// What the program prints about itself: help, completion scripts, the man page.
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
      const UsageError error = unknown_command(table, command, word);
      return fail_as(ErrorKind::usage, {Code::invalid_argument, "help: " + error.what, error.hint});
    }
    command = inner;
  }
  return context.output.answer(help_page(table, command));
}

struct CompletionOptions {
  std::string shell;
};
constexpr std::string_view kShells[] = {"bash", "zsh", "fish"};
constexpr OptionRow kCompletionOptions[] = {
    {.value = "SHELL",
     .help = "bash, zsh or fish",
     .kind = ValueKind::choices,
     .choices = values_in<kShells>,
     .presence = Presence::required,
     .store = into<&CompletionOptions::shell>},
};
constexpr std::string_view kCompletionExamples[] = {
    "source <(delegate completion bash)   # in ~/.bashrc",
    "source <(delegate completion zsh)    # in ~/.zshrc, after compinit",
    "delegate completion fish | source    # in config.fish",
};

CommandResult completion(const CommandContext& context, const CompletionOptions& options) {
  const CommandTable table = all_commands();
  if (options.shell == "bash") return context.output.answer(bash_completion(table));
  if (options.shell == "zsh") return context.output.answer(zsh_completion(table));
  return context.output.answer(fish_completion(table));
}

CommandResult manual(const CommandContext& context, const NoOptions&) {
  return context.output.answer(man_page(all_commands()));
}

}  // namespace

extern constexpr CommandRow kHelp{.name = "help",
                                  .group = kSetUpGroup,
                                  .help = "Explain a command and its options",
                                  .options = kHelpOptions,
                                  .run = run_with<help>};

extern constexpr CommandRow kCompletion{.name = "completion",
                                        .group = kSetUpGroup,
                                        .help = "Print a completion script for bash, zsh or fish",
                                        .more = "Packages install the scripts where the shells look for them.",
                                        .options = kCompletionOptions,
                                        .examples = kCompletionExamples,
                                        .run = run_with<completion>};

extern constexpr CommandRow kManual{.name = "manual", .run = run_with<manual>};

}  // namespace delegate::cli
