#include "cli/args/completion.hpp"
#include "cli/args/man_page.hpp"
#include "cli/commands/commands.hpp"

// What the program prints about itself for packages and shells.
namespace delegate::cli {

int run_completion(const World& world, const CompletionCommand& command) {
  const Output output(world);
  if (command.shell == "bash") return output.answer(bash_completion());
  if (command.shell == "zsh") return output.answer(zsh_completion());
  return output.answer(fish_completion());
}

int run_manual(const World& world, const ManualCommand&) { return Output(world).answer(man_page()); }

}  // namespace delegate::cli
