#include "cli/commands/context.hpp"
#include "cli/commands/run_error.hpp"
#include "core/base/json.hpp"
#include "core/jobs/job_status.hpp"

namespace delegate::cli {
namespace {

struct CancelOptions {
  std::string id;
};
constexpr OptionRow kCancelOptions[] = {
    {.value = "ID",
     .help = "Run id, or the beginning of it",
     .kind = ValueKind::unended,
     .presence = Presence::required,
     .store = into<&CancelOptions::id>},
    json_flag("Print one JSON object"),
};

CommandResult cancel(const CommandContext& context, const CancelOptions& options) {
  const Output& output = context.output;
  const auto known = jobs::find_job(context.engine(), options.id);
  if (!known) return run_error("cancel", known.error());
  if (const Status stopped = jobs::cancel_job(context.engine(), *known); !stopped)
    return run_error("cancel", stopped.error());
  const bool had_ended = known->has_ended();
  const char* state = had_ended ? "ended" : "cancelled";
  if (context.world.json)
    return output.answer(
        dump(OrderedJson{{"schema", "delegate.cancel/1"}, {"run_id", known->row.id}, {"state", state}}) + "\n");
  output.note("delegate: run " + known->row.id + (had_ended ? " has already finished" : " is being stopped"));
  return kAnswered;
}

}  // namespace

extern constexpr CommandRow kCancel{.name = "cancel",
                                    .group = kAskGroup,
                                    .help = "Stop a background run",
                                    .options = kCancelOptions,
                                    .needs = Needs::host,
                                    .run = run_with<cancel>};

}  // namespace delegate::cli
