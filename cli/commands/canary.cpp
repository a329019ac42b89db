#include "cli/render/canary.hpp"
#include "cli/commands/context.hpp"
#include "cli/commands/queue.hpp"
#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/canary/cycle.hpp"
#include "core/config/paths.hpp"
#include "core/notify/announcer.hpp"
#include "core/os/file_system.hpp"

// Is the state of this host true? Invariants over one look at store, processes, files and clocks.
namespace delegate::cli {
namespace {

constexpr int kViolated = 1;

std::vector<std::string_view> ids() {
  std::vector<std::string_view> all;
  for (const canary::Invariant& one : canary::invariants()) all.push_back(one.id);
  return all;
}

struct CanaryRunOptions {
  std::vector<std::string> only;
  std::string if_older;
};
constexpr OptionRow kCanaryRunOptions[] = {
    {.names = "--only",
     .value = "ID",
     .help = "Check only this invariant (may be repeated)",
     .kind = ValueKind::choices,
     .choices = ids,
     .store = into<&CanaryRunOptions::only>},
    {.names = "--if-older",
     .value = "DUR",
     .help = "Do nothing if the last check is not older than this",
     .more = "For several programs that start checks, such as a timer and the servers of editors.",
     .store = into<&CanaryRunOptions::if_older>},
    json_flag("Print JSON"),
};
constexpr Exclusion kCanaryRunExclusions[] = {
    {"--only", {"--if-older"}, "--if-older is about the last check of all invariants"}};
constexpr std::string_view kCanaryRunExamples[] = {"delegate canary run", "delegate canary run --only S-01 --json"};

constexpr OptionRow kCanaryListOptions[] = {json_flag("Print JSON")};

struct CanaryShowOptions {
  std::string id;
};
constexpr OptionRow kCanaryShowOptions[] = {
    {.value = "ID",
     .help = "Invariant to show, such as S-01",
     .kind = ValueKind::choices,
     .choices = ids,
     .presence = Presence::required,
     .store = into<&CanaryShowOptions::id>},
    json_flag("Print JSON"),
};

Result<canary::CycleOptions> cycle_options(const CommandContext& context, const CanaryRunOptions& options) {
  canary::CycleOptions cycle{.only = {options.only.begin(), options.only.end()}};
  const ConfigSources& sources = context.configured->sources;
  cycle.config_changed_at = last_changed(sources.user_file ? sources.user_file->path : user_config_path(context.world));
  if (sources.project_file)
    cycle.config_changed_at = std::max(cycle.config_changed_at, last_changed(sources.project_file->path));
  if (options.if_older.empty()) return cycle;
  const auto age = parse_duration(options.if_older);
  if (!age) return fail(Code::invalid_argument, "canary run: --if-older: " + age.error().what, age.error().hint);
  cycle.if_older = *age;
  return cycle;
}

/// An alert that was given up is at least in the log of whatever runs this command.
void report_undelivered(const CommandContext& context) {
  if (context.engine().store == nullptr) return;
  for (const NotificationRow& row : context.engine().store->notifications().value_or(NotificationRows{}))
    if (row.kind == "canary" && row.severity != NotificationSeverity::info &&
        row.delivery == DeliveryState::undelivered && !row.acknowledged_at)
      context.output.note("delegate: canary: the alert \"" + one_line(row.title, 80) +
                          "\" was not delivered: " + one_line(row.detail));
}

CommandResult run_canary(const CommandContext& context, const CanaryRunOptions& options) {
  TRY(const canary::CycleOptions cycle, cycle_options(context, options));
  keep_queue_moving(context);  // a queue that only lacks its dispatcher is no false record
  const auto report = canary::run_cycle(context.world, context.engine(), cycle);
  if (!report && report.error().code == Code::cancelled) return context.interrupted();
  if (!report) {
    const Error error{report.error().code, "canary: " + report.error().what, report.error().hint};
    return fail_as(error.code == Code::busy ? ErrorKind::full : ErrorKind::internal, error);
  }
  const Output& output = context.output;
  context.report_notice();  // that a damaged state was replaced
  if (!*report) return kAnswered;
  const OwnCommand self = own_command(context.world);
  if ((*report)->transitions.empty()) notify::announce_pending(context.world, self, context.engine());
  else notify::start_announcer(context.world, self);
  report_undelivered(context);
  if (!(*report)->is_remembered())
    output.note("delegate: canary: the result cannot be remembered or announced: " + (*report)->unremembered);
  const int written =
      output.answer(context.world.json ? to_json(**report) + "\n" : to_text(**report, output.is_painted()));
  if (written != 0) return written;
  if (!(*report)->is_remembered()) return kInternal;
  return (*report)->is_clean() ? kAnswered : kViolated;
}

Result<CanaryRecordsById> known_records(const CommandContext& context) {
  StateStore* store = context.engine().store;
  if (store == nullptr) return fail(Code::unavailable, "canary: " + context.engine().breakers.trouble());
  if (store->canary() == nullptr)
    return fail(Code::unavailable, "canary: the state is in memory: it ends with each process");
  return store->canary()->records();
}

CommandResult list_canary(const CommandContext& context, const NoOptions&) {
  TRY(const CanaryRecordsById records, known_records(context));
  context.report_notice();
  const Output& output = context.output;
  const milliseconds now = context.world.clock.now().wall;
  return output.answer(context.world.json ? list_to_json(records) + "\n"
                                          : list_to_text(records, now, output.is_painted()));
}

CommandResult show_canary(const CommandContext& context, const CanaryShowOptions& options) {
  const canary::Invariant& invariant = *canary::invariant(options.id);  // the parser knows the ids
  TRY(const CanaryRecordsById records, known_records(context));
  context.report_notice();
  const auto found = records.find(options.id);
  const CanaryRecord record = found == records.end() ? CanaryRecord{} : found->second;
  const milliseconds now = context.world.clock.now().wall;
  return context.output.answer(context.world.json ? invariant_to_json(invariant, record) + "\n"
                                                  : invariant_to_text(invariant, record, now));
}

}  // namespace

extern constexpr CommandRow kCanary{
    .name = "canary",
    .group = kOperateGroup,
    .help = "Check that the recorded state of this host is true",
    .more =
        "Compares the state with the processes, files and clocks of this host: slots with the processes that hold "
        "them, "
        "background runs with theirs, the queue with its order, breakers and guards with their times. A violation "
        "counts if a second look confirms it. You get one notification when it is found and one when it is over.",
    .fallback = "canary run"};

extern constexpr CommandRow kCanaryRun{
    .name = "canary run",
    .group = kOperateGroup,
    .help = "Check all invariants now",
    .more =
        "The exit status is 0 if none is violated and every source could be read, else 1; 4 if another process is "
        "checking just now, and 70 if the result could not be remembered, so that nothing is announced. `delegate mcp` "
        "and the timer `delegate-canary` do the same every few minutes.",
    .options = kCanaryRunOptions,
    .examples = kCanaryRunExamples,
    .exclusions = kCanaryRunExclusions,
    .needs = Needs::host,
    .run = run_with<run_canary>};

extern constexpr CommandRow kCanaryList{.name = "canary list",
                                        .group = kOperateGroup,
                                        .help = "List the invariants and their last verdicts",
                                        .options = kCanaryListOptions,
                                        .needs = Needs::host,
                                        .run = run_with<list_canary>};

extern constexpr CommandRow kCanaryShow{.name = "canary show",
                                        .group = kOperateGroup,
                                        .help = "Show one invariant and what was found",
                                        .options = kCanaryShowOptions,
                                        .needs = Needs::host,
                                        .run = run_with<show_canary>};

}  // namespace delegate::cli
