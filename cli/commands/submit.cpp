#include <poll.h>
#include <unistd.h>

#include "cli/commands/commands.hpp"
#include "cli/commands/request_builder.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/json.hpp"
#include "core/base/ids.hpp"
#include "core/jobs/job_process.hpp"

namespace delegate::cli {
namespace {

/// What `ask` says of its words is true here as well.
Error of_submit(Error error) {
  if (error.what.starts_with("ask: ")) error.what.replace(0, 3, "submit");
  return error;
}

Result<Request> request_of(const World& world, const Config& config, const AskCommand& command, const Output& output) {
  TRY(Request request, question_of(world, config, command, output));
  const Host host(world, config);
  TRY_STATUS(find_session(command, host, request));
  request.run_id = make_run_id(world.clock.now().wall);
  return request;
}

/// The next line that it says. Code::unavailable: it ended without one.
Result<std::string> line_of(const jobs::JobProcess& process) {
  std::string line;
  for (char c = 0;;) {
    const ssize_t count = ::read(process.words().get(), &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(Code::unavailable, "submit: the run's process ended before it began");
    if (c == '\n') return line;
    line += c;
  }
}

Status hand_over(jobs::JobProcess& process) {
  for (;;) {
    TRY(const bool done, process.hand_over());
    if (done) return {};
    pollfd room{process.lifeline().get(), POLLOUT, 0};
    ::poll(&room, 1, -1);
  }
}

/// Starts the run; it is in the store when this returns without an error.
Status submit(const World& world, const Request& request) {
  TRY(jobs::JobProcess process, jobs::JobProcess::start(world, own_command(world), request));
  Status handed_over = hand_over(process);
  if (!handed_over && handed_over.error().code != Code::closed) return handed_over;
  process.detach();
  TRY(const std::string line, line_of(process));
  const jobs::JobEvent told = jobs::job_event_from(line);
  if (const auto* failed = std::get_if<jobs::job_event::Failed>(&told))
    return fail(Code::unavailable, "submit: " + failed->message, failed->hint);
  return {};
}

}  // namespace

int run_submit(const World& world, const Config& config, const SubmitCommand& command) {
  const Output output(world);
  const auto request = request_of(world, config, command.ask, output);
  if (!request) return refuse(world, output, of_submit(request.error()));
  if (const Status started = submit(world, *request); !started) {
    output.failure(started.error(), "internal");
    return kInternal;
  }
  if (!command.ask.json) return output.answer(request->run_id + "\n");
  return output.answer(dump({{"schema", "delegate.submit/1"}, {"run_id", request->run_id}}) + "\n");
}

}  // namespace delegate::cli
