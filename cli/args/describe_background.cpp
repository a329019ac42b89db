#include "cli/args/describe_tables.hpp"

namespace delegate::cli {
namespace {

constexpr OptionText kResult[] = {
    {.value = "ID",
     .help = "The run; the beginning of its id is enough",
     .words = Words::runs,
     .need = Need::required,
     .place = in<&Typed::result, &ResultCommand::id>},
    {.names = "--wait",
     .value = "DUR",
     .help = "Wait for its end, so long or for ever",
     .more = "When it has not ended by then the exit status is 124. Without the option it is so at once.",
     .bare = "forever",
     .place = in<&Typed::result, &ResultCommand::wait>},
    {.names = "--json",
     .help = "What `ask --json` would have printed",
     .place = in<&Typed::result, &ResultCommand::json>},
    {.names = "-q, --quiet",
     .help = "Say nothing on stderr but errors",
     .place = in<&Typed::result, &ResultCommand::quiet>},
};

constexpr OptionText kCancel[] = {
    {.value = "ID",
     .help = "The run; the beginning of its id is enough",
     .words = Words::runs,
     .need = Need::required,
     .place = in<&Typed::cancel, &CancelCommand::id>},
    {.names = "--json", .help = "One JSON object", .place = in<&Typed::cancel, &CancelCommand::json>},
};

constexpr OptionText kWorker[] = {
    {.names = "--json", .help = "The runs, as one JSON object", .place = in<&Typed::worker, &WorkerCommand::json>},
};

constexpr OptionText kCarry[] = {
    {.value = "ID", .help = "The run", .need = Need::required, .place = in<&Typed::carry, &CarryCommand::id>},
    {.names = "--json", .help = "Errors as JSON", .place = [](Typed&) {}},
};

}  // namespace

constexpr CommandText kResultText{
    .name = "result",
    .group = kLook,
    .help = "The answer of a run in the background",
    .more = "Prints what `ask` would have printed, with its exit status, as often as it is called.",
    .options = kResult,
    .take = take<&Typed::result>};

constexpr CommandText kCancelText{.name = "cancel",
                                  .group = kLook,
                                  .help = "Stop a run in the background",
                                  .options = kCancel,
                                  .take = take<&Typed::cancel>};

constexpr CommandText kWorkerText{
    .name = "worker",
    .group = kOperate,
    .help = "Run what waits and was left behind",
    .more =
        "A run in the background has a process of its own, which waits for its turn. When that was killed before the "
        "run began, or the machine was started anew, the run is left behind; this runs all such, one after the "
        "other, and ends.",
    .options = kWorker,
    .take = take<&Typed::worker>};

constexpr CommandText kCarryText{.name = "run-job", .options = kCarry, .take = take<&Typed::carry>};

}  // namespace delegate::cli
