#include "cli/commands/commands.hpp"
#include "cli/commands/request_builder.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/render.hpp"
#include "cli/terminal/answer_stream.hpp"
#include "cli/terminal/progress_line.hpp"
#include "core/notify/announcer.hpp"
#include "core/os/foreground_proxy.hpp"
#include "core/run/warm_up.hpp"

namespace delegate::cli {
namespace {

/// Could one of the candidates be probed in this run? Then the person must be able to leave before the probe's end.
bool may_probe(const Engine& engine, const RoutePlan& plan) {
  const auto reading = engine.breakers.read();
  if (!reading) return false;
  for (const RouteStep& step : plan.steps) {
    const auto known = reading->backends.find(step.backend);
    if (known == reading->backends.end()) continue;
    const BreakerState state = known->second.breaker.state;
    if (state == BreakerState::open || state == BreakerState::half_open) return true;
  }
  return false;
}

int deliver(const Output& output, const AskCommand& command, const RunResult& result, AnswerStream& stream) {
  if (command.json) return output.answer(to_json(result) + "\n");
  return result.answer ? stream.finish(output, result.answer->text) : stream.break_off(output);
}

/// The answer is finished before anything is said about it; a failed answer ends its line first.
int report(const World& world, const Output& output, const AskCommand& command, const RunResult& result,
           AnswerStream& stream) {
  // Nobody reads any longer, or nothing can be written: there is no more to say than that.
  if (stream.is_closed() && world.signal == 0) return stream.break_off(output);
  const bool streamed = stream.has_begun();
  if (!streamed) output.remarks(explain(result), command.quiet);
  const int written = deliver(output, command, result, stream);
  if (streamed) output.remarks(explain(result), command.quiet);
  return written != 0 ? written : exit_code_of(result, world.signal);
}

}  // namespace

int run_ask(const World& world, const Config& config, const AskCommand& command) {
  const Output output(world);
  auto request = question_of(world, config, command, output);
  if (!request) return refuse(world, output, request.error());
  ForegroundProxy foreground;
  std::optional<Host> host(std::in_place, world, config);
  if (const Status found = find_session(command, *host, *request); !found) return refuse(world, output, found.error());
  PreparedAsk prepared = prepare_ask(host->engine(), *std::move(request));
  if (may_probe(host->engine(), prepared.plan)) {
    host.reset();  // an open store must not be carried through a fork
    foreground.start();
    host.emplace(world, config);
  }
  if (!host->notice().empty()) output.note("delegate: " + host->notice());
  AnswerStream stream(world);
  ProgressLine progress(output, command, stream, world.interrupted);
  const RunResult result = ask(host->engine(), std::move(prepared), world.interrupted, progress);
  progress.clear();
  const int code = report(world, output, command, result, stream);
  notify::announce_pending(world, own_command(world), host->engine());
  const auto local = to_warm_up(host->engine(), result);
  if (result.pending) foreground.leave(code);
  if (local) {
    // An attempt that is still out works with the store; then this process is in the background already.
    if (!result.pending) host.reset();
    const bool in_background = result.pending || foreground.stay_behind(code);
    if (in_background && !host) host.emplace(world, config);
    if (in_background) warm_up(host->engine(), *local, world.interrupted);
  }
  return code;  // those who are still out are waited for by the result's end, in the background
}

}  // namespace delegate::cli
