#include "cli/commands/ask_input.hpp"
#include "cli/commands/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/json.hpp"
#include "core/base/ids.hpp"
#include "core/jobs/job_process.hpp"
#include "core/os/pipe_io.hpp"

namespace delegate::cli {
namespace {

Result<Request> request_of(const World& world, const Config& config, const AskCommand& command, const Output& output) {
  const FieldNames names = FieldNames::options_of("submit");
  const RequestBuilder builder = request_builder(world, config, names, output);
  TRY(const RequestInput input, input_of(world, command, names));
  TRY(Request request, builder.build(input));
  const Host host(world, config);
  TRY_STATUS(builder.resolve_session(input, host.engine(), request));
  request.run_id = make_run_id(world.clock.now().wall);
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
  const Status sent = send_request(process);
  if (!sent && sent.error().code != Code::closed) return sent;
  process.detach();
  TRY(const jobs::JobEvent event, first_event(process));
  if (const auto* failed = std::get_if<jobs::job_event::Failed>(&event))
    return fail(Code::unavailable, "submit: " + failed->message, failed->hint);
  return {};
}

}  // namespace

int run_submit(const World& world, const Config& config, const SubmitCommand& command) {
  const Output output(world);
  const auto request = request_of(world, config, command.ask, output);
  if (!request) return report_failure(world, output, request.error());
  if (const Status started = submit(world, *request); !started) {
    output.failure(started.error(), "internal");
    return kInternal;
  }
  if (!command.ask.json) return output.answer(request->run_id + "\n");
  return output.answer(dump({{"schema", "delegate.submit/1"}, {"run_id", request->run_id}}) + "\n");
}

}  // namespace delegate::cli
