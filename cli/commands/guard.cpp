#include "cli/commands/context.hpp"
#include "cli/render/render.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/inspect/host_status.hpp"

namespace delegate::cli {
namespace {

constexpr OptionRow kGuardListOptions[] = {json_flag("Print JSON")};

struct GuardResetOptions {
  std::string name;
  bool all = false;
};
constexpr OptionRow kGuardResetOptions[] = {
    {.value = "NAME", .help = "Guard to reset", .store = into<&GuardResetOptions::name>},
    {.names = "--all", .help = "Reset every guard", .store = into<&GuardResetOptions::all>},
    json_flag("Print JSON"),
};
constexpr Exclusion kGuardResetExclusions[] = {{"NAME", {"--all"}, "give a name or --all, not both"}};

tl::expected<HostStatus, CommandError> known_guards(const CommandContext& context) {
  HostStatus status = status_of(context.engine());
  if (!status.is_readable)
    return fail_as(ErrorKind::internal, {Code::unavailable, "guard: " + status.store.problem, {}});
  return status;
}

CommandResult list_guards(const CommandContext& context, const NoOptions&) {
  TRY(const HostStatus status, known_guards(context));
  if (context.world.json) return context.output.answer(to_json(status.guards, "delegate.guards/1") + "\n");
  const std::string text = to_text(status.guards);
  return context.output.answer(text.empty() ? "no failures: every side job works\n" : text);
}

CommandResult reset_guards(const CommandContext& context, const GuardResetOptions& options) {
  TRY_STATUS(known_guards(context));
  if (!options.all && options.name.empty())
    return fail_as(ErrorKind::usage,
                   {Code::invalid_argument, "guard reset: NAME is missing", "name a guard, or use --all"});
  const auto changed = context.engine().guards.reset(options.all ? "" : options.name);
  if (!changed) return fail_internally("guard reset", changed.error());
  const Output& output = context.output;
  if (context.world.json)
    return output.answer(dump(OrderedJson{{"schema", "delegate.guard_reset/1"}, {"reset", *changed}}) + "\n");
  if (options.all) return output.answer(std::to_string(*changed) + (*changed == 1 ? " guard" : " guards") + " reset\n");
  const std::string name = one_line(options.name, 80);
  return output.answer(name + (*changed == 0 ? ": no failures, nothing to reset\n" : ": closed\n"));
}

}  // namespace

extern constexpr CommandRow kGuard{
    .name = "guard",
    .group = kOperateGroup,
    .help = "Inspect and reset the guards of side jobs",
    .more =
        "A side job of delegate itself (writing the history, sending a notification, warming up the local model) that "
        "keeps failing is paused for a while, on the whole host. It never changes an answer."};

extern constexpr CommandRow kGuardList{.name = "guard list",
                                       .group = kOperateGroup,
                                       .help = "List guards that have seen a failure",
                                       .options = kGuardListOptions,
                                       .needs = Needs::host,
                                       .run = run_with<list_guards>};

extern constexpr CommandRow kGuardReset{.name = "guard reset",
                                        .group = kOperateGroup,
                                        .help = "Close a guard and reset its failure count",
                                        .options = kGuardResetOptions,
                                        .exclusions = kGuardResetExclusions,
                                        .needs = Needs::host,
                                        .run = run_with<reset_guards>};

}  // namespace delegate::cli
