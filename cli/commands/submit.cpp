#include "cli/commands/ask_input.hpp"
#include "core/base/ids.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/jobs/dispatcher.hpp"
#include "core/jobs/job_process.hpp"
#include "core/jobs/job_request.hpp"
#include "core/jobs/job_start.hpp"
#include "core/jobs/run_job.hpp"
#include "core/os/pipe_io.hpp"
#include "core/os/random.hpp"
#include "core/os/terminal.hpp"
#include "core/run/writers.hpp"

namespace delegate::cli {
namespace {

constexpr milliseconds kStorePatience{10'000};  // a run that cannot be stored would be lost

Status send_request(jobs::JobProcess& process) {
  for (;;) {
    TRY(const bool is_sent, process.send_request());
    if (is_sent) return {};
    wait_for_room(process.lifeline().get());
  }
}

/// Code::unavailable: the process ended without an event.
Result<jobs::JobEvent> first_event(jobs::JobProcess& process) {
  while (const auto events = process.receive())
    if (!events->empty()) return events->front();
  return fail(Code::unavailable, "the run's process ended before it accepted the run");
}

/// Keys are not stored: a process of its own keeps them, and waits for the run's turn.
Status submit_with_keys(const World& world, const Request& request) {
  TRY(jobs::JobProcess process, jobs::JobProcess::start(world, own_command(world)));
  process.give(request);
  Status sent = send_request(process);
  if (!sent && sent.error().code != Code::closed) return sent;
  process.detach();
  TRY(const jobs::JobEvent event, first_event(process));
  if (const auto* failed = std::get_if<jobs::job_event::Failed>(&event))
    return fail(failed->exit_code == kAllBusy ? Code::resource_exhausted : Code::unavailable, failed->message,
                failed->hint);
  return {};
}

/// Inside a run, what this process starts ends with that run: only a dispatcher from elsewhere lets the new one outlive
/// it.
Status check_nesting(const World& world, const Engine& engine) {
  if (!jobs::is_nested(world)) return {};
  TRY(const bool is_led, engine.jobs()->is_led([&](const ProcessId& owner) { return engine.breakers.is_dead(owner); }));
  if (is_led) return {};
  return fail(Code::permission_denied, "inside a run, and nothing dispatches that would outlive it",
              "start `delegate worker --stay` outside, or use `delegate ask`");
}

/// A submitted run may outlive the run around it, so it does not write beside that one: it waits for its end.
Status check_outer_writer(const World& world, const Engine& engine, const Request& request) {
  if (request.access == Access::read_only || request.slot_wait.value_or(milliseconds(0)) > milliseconds(0)) return {};
  const auto writers = engine.store->writers();
  if (!writers) return {};  // then the run says so
  const auto outer = outer_writer(*writers, world.variable(std::string(kRunIdVariable)), work_tree_of(request.cwd));
  if (!outer) return {};
  return fail(Code::permission_denied,
              "inside run " + outer->run_id + ", which writes in " + one_line(outer->directory) + " until it ends",
              "use `delegate ask --write`, which may write there now; or add --wait-slot, and fetch the result later");
}

Status enqueue(const World& world, const Engine& engine, const PreparedAsk& prepared) {
  const JobRow row{
      .id = prepared.request.run_id, .submitted_at = engine.clock.now().wall, .line = jobs::line_of(world, prepared)};
  const JobRequest stored{jobs::to_json(prepared.request),
                          jobs::to_json(jobs::job_start(world, own_command(world), engine, prepared))};
  return engine.jobs()->add(row, stored, jobs::limits_of(engine));
}

/// It is in the store when this returns without an error.
Status submit(const World& world, const Engine& engine, const Request& request) {
  if (engine.jobs() == nullptr) {
    const std::string trouble = engine.breakers.trouble();
    return fail(Code::unavailable,
                "a run in the background needs the store: " +
                    (trouble.empty() ? "state.store is \"memory\", which ends with its process" : trouble),
                "see `delegate status`");
  }
  TRY_STATUS(check_nesting(world, engine));
  TRY_STATUS(check_outer_writer(world, engine, request));
  const PreparedAsk prepared = prepare_ask(engine, request);
  const std::vector<std::string> keys = jobs::needed_keys(world, engine, prepared);
  const bool needs_keys = !keys.empty();
  if (needs_keys && jobs::is_nested(world))
    return fail(Code::permission_denied, "inside a run, nothing that outlives it can keep " + join(keys, ", "),
                "use `delegate ask`, or a backend that needs no key");
  return needs_keys ? submit_with_keys(world, request) : enqueue(world, engine, prepared);
}

ErrorKind kind_of(const Error& error) {
  if (error.code == Code::permission_denied) return ErrorKind::blocked;
  return error.code == Code::resource_exhausted ? ErrorKind::full : ErrorKind::internal;
}

CommandResult run_submit(const CommandContext& context, const AskOptions& options) {
  TRY(const Configured configured, usable_configuration(context, options.directory, Notices::shown));
  const FieldNames names = FieldNames::options_of("submit");
  const RequestBuilder builder = request_builder(context, configured.loaded.config, names);
  TRY(const RequestInput input, input_of(context.world, options, names));
  TRY(Request request, builder.build(input));
  const Host host(context.world, configured.loaded.config, kStorePatience);
  TRY_STATUS(builder.resolve_session(input, host.engine(), request));
  request.run_id = make_run_id(context.world.clock.now().wall, random_bits());
  if (const Status done = submit(context.world, host.engine(), request); !done) {
    const Error& error = done.error();
    return fail_as(kind_of(error), {error.code, "submit: " + error.what, error.hint});
  }
  // It is stored: without the id it could not be fetched, and would be submitted twice.
  if (const Status started = jobs::ensure_dispatcher(context.world, own_command(context.world), host.engine());
      !started)
    context.output.note("delegate: submit: the run is queued, but nothing starts it yet: " + started.error().what);
  if (!context.world.json) {
    const int written = context.output.answer(request.run_id + "\n");
    if (is_terminal(context.world.out) && !options.quiet)
      context.output.note("delegate: `delegate result --wait " + request.run_id + "` prints the answer");
    return written;
  }
  return context.output.answer(dump(OrderedJson{{"schema", "delegate.submit/1"}, {"run_id", request.run_id}}) + "\n");
}

constexpr Exclusion kSubmitExclusions[] = {kSessionExclusion};

constexpr std::string_view kSubmitExamples[] = {
    "id=$(delegate submit -f report.md \"list the errors\")",
    "delegate result --wait $id               # prints the answer when it is ready",
};

}  // namespace

extern constexpr CommandRow kSubmit{
    .name = "submit",
    .group = kAskGroup,
    .help = "Ask in the background and print the run's id",
    .more =
        "Takes the options of `ask`. The run continues when the shell exits; `delegate result` fetches its answer, "
        "which is kept for `background.keep`. At most `background.max_parallel` background runs work at the same time "
        "on this machine; others are queued, at most `background.max_queued` (exit status 4).",
    .options = kSubmitOptions,
    .examples = kSubmitExamples,
    .exclusions = kSubmitExclusions,
    .run = run_with<run_submit>};

}  // namespace delegate::cli
