#include <algorithm>

#include "cli/commands/ask_input.hpp"
#include "cli/render/render.hpp"
#include "cli/terminal/answer_stream.hpp"
#include "cli/terminal/progress_line.hpp"
#include "core/notify/announcer.hpp"
#include "core/os/foreground_proxy.hpp"
#include "core/run/warm_up.hpp"

namespace delegate::cli {
namespace {

/// Could this run probe a candidate? Then it may go on after the answer is delivered.
bool may_probe(const Engine& engine, const RoutePlan& plan) {
  const auto states = engine.breakers.read();
  if (!states) return false;
  return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const RouteStep& step) {
    const auto known = states->backends.find(step.backend);
    if (known == states->backends.end()) return false;
    const BreakerState state = known->second.breaker.state;
    return state == BreakerState::open || state == BreakerState::half_open;
  });
}

int deliver(const World& world, const Output& output, const RunResult& result, AnswerStream& stream) {
  if (world.json) return output.answer(to_json(result) + "\n");
  return result.answer ? stream.finish(output, result.answer->text, result.answer->forgotten)
                       : stream.break_off(output);
}

/// An interrupted run ends as the signal says.
int exit_code_of(const RunResult& result, const World& world) {
  return result.outcome == Outcome::cancelled && world.signal != 0 ? 128 + world.signal
                                                                   : delegate::exit_code_of(result);
}

/// Remarks come before the answer, or after it if it was streamed.
int report(const World& world, const Output& output, const AskOptions& options, const RunResult& result,
           AnswerStream& stream) {
  // A stdout that cannot be written is the only thing left to report.
  if (stream.is_closed() && world.signal == 0) return stream.break_off(output);
  const bool was_streamed = stream.has_begun();
  if (!was_streamed) output.remarks(explain(result), options.quiet);
  const int written = deliver(world, output, result, stream);
  if (was_streamed) output.remarks(explain(result), options.quiet);
  return written != 0 ? written : exit_code_of(result, world);
}

/// Says once that the state file was repaired or replaced, whenever that happens.
class StateNotice {
 public:
  explicit StateNotice(const Output& output) : output_(output) {}
  void report(const Host& host) {
    const std::string notice = host.notice();
    if (notice.empty() || notice == reported_) return;
    output_.note("delegate: " + notice);
    reported_ = notice;
  }

 private:
  const Output& output_;
  std::string reported_;
};

/// Everything up to the first call. Opens the host, which is opened again only if a fork is needed: an open store must
/// not be carried through one.
Result<PreparedAsk> prepare(const CommandContext& context, const Config& config, const AskOptions& options,
                            std::optional<Host>& host, StateNotice& notice, ForegroundProxy& foreground) {
  const World& world = context.world;
  const FieldNames names = FieldNames::options_of("ask");
  const RequestBuilder builder = request_builder(context, config, names);
  TRY(const RequestInput input, input_of(world, options, names));
  TRY(Request request, builder.build(input));
  host.emplace(world, config);
  TRY_STATUS(builder.resolve_session(input, host->engine(), request));
  PreparedAsk prepared = prepare_ask(host->engine(), std::move(request));
  if (may_probe(host->engine(), prepared.plan)) {
    notice.report(*host);
    host.reset();
    foreground.start();
    host.emplace(world, config);
  }
  notice.report(*host);
  return prepared;
}

/// The person has the answer: attempts that are still running and the loading of a local model go on in the background.
void go_on_in_background(const World& world, const Config& config, const RunResult& result, int exit_code,
                         std::optional<Host>& host, ForegroundProxy& foreground) {
  const auto local = to_warm_up(host->engine(), result);
  if (result.pending) {  // they use the open store; the fork was made before the first call
    foreground.leave(exit_code);
  } else if (local) {
    host.reset();
    if (!foreground.stay_behind(exit_code)) return;
    host.emplace(world, config);
  }
  if (local) warm_up(host->engine(), *local, world.interrupted);
}

CommandResult run_ask(const CommandContext& context, const AskOptions& options) {
  const World& world = context.world;
  const Output& output = context.output;
  const Notices notices = options.quiet ? Notices::hidden : Notices::shown;
  TRY(const Configured configured, usable_configuration(context, options.directory, notices));
  const Config& config = configured.loaded.config;
  ForegroundProxy foreground;
  std::optional<Host> host;
  StateNotice notice(output);
  TRY(PreparedAsk prepared, prepare(context, config, options, host, notice, foreground));
  AnswerStream stream(world, layout_of_answer(context, config.output, options.markdown));
  const ProgressLine::Volume volume = options.verbose ? ProgressLine::Volume::verbose
                                      : options.quiet ? ProgressLine::Volume::quiet
                                                      : ProgressLine::Volume::normal;
  ProgressLine progress(output, volume, stream, world.interrupted);
  const RunResult result = ask(host->engine(), std::move(prepared), world.interrupted, progress);
  progress.clear();
  const int code = report(world, output, options, result, stream);
  notice.report(*host);
  notify::announce_pending(world, own_command(world), host->engine());
  go_on_in_background(world, config, result, code, host, foreground);
  return code;  // the end of `result` waits for attempts that are still running
}

constexpr Exclusion kAskExclusions[] = {
    kSessionExclusion,
    {"--stream", {"--json"}, "the JSON object is printed when it is complete; leave --stream out"},
};

constexpr std::string_view kAskExamples[] = {
    "git diff | delegate ask \"review this\"   # stdin is attached",
    "delegate ask < prompt.txt               # stdin is the prompt",
};

}  // namespace

extern constexpr CommandRow kAsk{
    .name = "ask",
    .group = kAskGroup,
    .help = "Send a prompt and print the answer",
    .more =
        "Picks the first backend that is installed, enabled and not skipped by its breaker, sends it the prompt and "
        "prints nothing but its answer. If it fails, the next one is tried; one line on stderr says which backend "
        "answered instead, and why.\n\n"
        "If options contradict each other, the last one counts: `--fallback` and `--no-fallback`, `--stream` and "
        "`--no-stream`, `-q` and `-v`, and any option with a value that is given twice.",
    .options = kAskOptions,
    .examples = kAskExamples,
    .exclusions = kAskExclusions,
    .run = run_with<run_ask>};

}  // namespace delegate::cli
