#include "cli/commands/ask_input.hpp"
#include "core/base/ids.hpp"
#include "core/base/json.hpp"
#include "core/jobs/job_process.hpp"
#include "core/os/pipe_io.hpp"

namespace delegate::cli {
namespace {

tl::expected<Request, CommandError> request_of(const CommandContext& context, const AskOptions& options) {
  TRY(const Configured configured, usable_configuration(context, options.directory, Notices::shown));
  const FieldNames names = FieldNames::options_of("submit");
  const RequestBuilder builder = request_builder(context, configured.loaded.config, names);
  TRY(const RequestInput input, input_of(context.world, options, names));
  TRY(Request request, builder.build(input));
  const Host host(context.world, configured.loaded.config);
  TRY_STATUS(builder.resolve_session(input, host.engine(), request));
  request.run_id = make_run_id(context.world.clock.now().wall);
  return request;
}

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
  return fail(Code::unavailable, "submit: the run's process ended before it accepted the run");
}

/// Starts the run; it is in the store when this returns without an error.
Status submit(const World& world, const Request& request) {
  TRY(jobs::JobProcess process, jobs::JobProcess::start(world, own_command(world), request));
  Status sent = send_request(process);
  if (!sent && sent.error().code != Code::closed) return sent;
  process.detach();
  TRY(const jobs::JobEvent event, first_event(process));
  if (const auto* failed = std::get_if<jobs::job_event::Failed>(&event))
    return fail(Code::unavailable, "submit: " + failed->message, failed->hint);
  return {};
}

CommandResult run_submit(const CommandContext& context, const AskOptions& options) {
  TRY(const Request request, request_of(context, options));
  if (const Status started = submit(context.world, request); !started)
    return fail_as(ErrorKind::internal, started.error());
  if (!context.world.json) return context.output.answer(request.run_id + "\n");
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
        "on this machine; others are queued.",
    .options = kSubmitOptions,
    .examples = kSubmitExamples,
    .exclusions = kSubmitExclusions,
    .run = run_with<run_submit>};

}  // namespace delegate::cli
