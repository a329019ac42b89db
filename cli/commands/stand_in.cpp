#include "cli/commands/context.hpp"
#include "cli/drill/fake_backend.hpp"

// A fake backend of the drill, started by delegate itself.
namespace delegate::cli {
namespace {

struct StandInOptions {
  std::string kind;
  std::vector<std::string> arguments;
};
constexpr OptionRow kStandInOptions[] = {
    {.value = "KIND", .help = "Which backend", .presence = Presence::required, .store = into<&StandInOptions::kind>},
    {.value = "ARGUMENT",
     .help = "What the real CLI would get",
     .empty = Empty::allowed,
     .store = into<&StandInOptions::arguments>},
};

CommandResult stand_in(const CommandContext& context, const StandInOptions& options) {
  const auto code = drill::run_fake_backend(context.world, options.kind, options.arguments);
  if (!code) return fail_as(ErrorKind::usage, code.error());
  return *code;
}

}  // namespace

extern constexpr CommandRow kStandIn{
    .name = "stand-in", .options = kStandInOptions, .is_verbatim = true, .run = run_with<stand_in>};

}  // namespace delegate::cli
