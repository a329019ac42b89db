#include "cli/args/completion.hpp"

#include "cli/commands/context.hpp"

namespace delegate::cli {
namespace {

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

}  // namespace

extern constexpr CommandRow kCompletion{.name = "completion",
                                        .group = kSetUpGroup,
                                        .help = "Print a completion script for bash, zsh or fish",
                                        .more = "Packages install the scripts where the shells look for them.",
                                        .options = kCompletionOptions,
                                        .examples = kCompletionExamples,
                                        .run = run_with<completion>};

}  // namespace delegate::cli
