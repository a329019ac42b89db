#include <poll.h>
#include <unistd.h>

#include "cli/background/carrier.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/json.hpp"
#include "cli/question.hpp"
#include "core/base/ids.hpp"

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
Result<std::string> line_of(const Carrier& carrier) {
  std::string line;
  for (char c = 0;;) {
    const ssize_t count = ::read(carrier.words().get(), &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(Code::unavailable, "submit: the run's process ended before it began");
    if (c == '\n') return line;
    line += c;
  }
}

Status hand_over(Carrier& carrier) {
  for (;;) {
    TRY(const bool done, carrier.hand_over());
    if (done) return {};
    pollfd room{carrier.leash().get(), POLLOUT, 0};
    ::poll(&room, 1, -1);
  }
}

/// Starts the run; it is in the store when this returns without an error.
Status submit(const World& world, const std::string& config_file, const Request& request) {
  TRY(Carrier carrier, Carrier::start(world, config_file, request));
  Status handed_over = hand_over(carrier);
  if (!handed_over && handed_over.error().code != Code::closed) return handed_over;
  carrier.let_go();
  TRY(const std::string line, line_of(carrier));
  const Told told = told_from(line);
  if (const auto* failed = std::get_if<told::Failed>(&told))
    return fail(Code::unavailable, "submit: " + failed->message, failed->hint);
  return {};
}

}  // namespace

int run_submit(const World& world, const Config& config, const std::string& config_file, const SubmitCommand& command) {
  const Output output(world);
  const auto request = request_of(world, config, command.ask, output);
  if (!request) return refuse(world, output, of_submit(request.error()));
  if (const Status started = submit(world, config_file, *request); !started) {
    output.failure(started.error(), "internal");
    return kInternal;
  }
  if (!command.ask.json) return output.answer(request->run_id + "\n");
  return output.answer(dump({{"schema", "delegate.submit/1"}, {"run_id", request->run_id}}) + "\n");
}

}  // namespace delegate::cli
