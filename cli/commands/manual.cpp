#include "cli/args/man_page.hpp"
#include "cli/commands/context.hpp"

// For packages: the man page is made when delegate is built.
namespace delegate::cli {
namespace {

CommandResult manual(const CommandContext& context, const NoOptions&) {
  return context.output.answer(man_page(all_commands()));
}

}  // namespace

extern constexpr CommandRow kManual{.name = "manual", .run = run_with<manual>};

}  // namespace delegate::cli
