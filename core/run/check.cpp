#include "core/run/check.hpp"

#include <algorithm>

#include "core/base/ids.hpp"
#include "core/run/call.hpp"
#include "core/run/hints.hpp"
#include "core/run/judge.hpp"

namespace delegate {
namespace {

constexpr milliseconds kVersionTimeout{10'000};
constexpr std::size_t kLongestVersion = 60;
constexpr int kFewTokens = 64;  // an "OK", also of a model that thinks a little first

VersionAnswer broken(const Candidate& candidate, const Problem& problem, milliseconds took) {
  return {.text = problem.message,
          .outcome = problem.outcome,
          .hint = hint_for(*candidate.backend, candidate.task, problem),
          .took = took};
}

VersionAnswer version_of(const Candidate& candidate, const ProcessCall& call, const CancelToken& cancel) {
  ChildSpec spec;
  spec.argv = call.argv;
  spec.env = call.env;
  spec.clocks.total = Deadline::in(kVersionTimeout);
  const auto result = run_child(spec, cancel);
  if (!result) return broken(candidate, judge_spawn(result.error()), milliseconds(0));
  if (result->end == ChildEnd::exited && result->exit_code == 0) {
    std::string said = result->out.text();
    if (trim(said).empty()) said = result->err.text();
    return {.works = true,
            .text = one_line(trim(said).substr(0, trim(said).find('\n')), kLongestVersion),
            .took = result->took};
  }
  Reading reading;
  Problem problem = judge_process(*candidate.backend, candidate.task, reading, *result);
  problem.limit = {};  // the time was ours, and no setting changes it
  return broken(candidate, problem, result->took);
}

VersionAnswer version_of(const Candidate& candidate, HttpRequest request, const CancelToken& cancel) {
  request.clocks.total = Deadline::in(kVersionTimeout);
  const auto result = http_exchange(request, cancel);
  if (!result) return broken(candidate, judge_spawn(result.error()), milliseconds(0));
  if (result->end == HttpEnd::complete && result->status == 200)
    return {.works = true, .text = one_line(result->body, kLongestVersion), .took = result->took};
  Reading reading;
  return broken(candidate, judge_http(*candidate.backend, candidate.task, reading, *result), result->took);
}

}  // namespace

VersionAnswer ask_version(const Candidate& candidate, const CancelToken& cancel) {
  const Call call = candidate.backend->version_call(candidate.task);
  if (const auto* process = std::get_if<ProcessCall>(&call)) return version_of(candidate, *process, cancel);
  return version_of(candidate, std::get<HttpRequest>(call), cancel);
}

Task smallest_task(const Candidate& candidate) {
  Task task = candidate.task;
  Task easier = task;
  if (candidate.backend->choose(easier, Tier::small) && easier.model == task.model && !easier.local_size)
    task = std::move(easier);
  task.prompt = "Reply with exactly: OK";
  task.settings.max_tokens = std::min(task.settings.max_tokens, kFewTokens);
  task.settings.timeout = std::min(task.settings.timeout, kSmallestTaskTimeout);
  return task;
}

PingAnswer ping(const Engine& engine, const Candidate& candidate, const CancelToken& cancel) {
  const auto depth = next_depth(engine);
  if (!depth) return {.outcome = Outcome::blocked, .message = depth.error().what, .hint = depth.error().hint};
  auto admission = engine.breakers.admit(applicant_for(engine, candidate, ProbeTime::at_once));
  if (const auto* skip = std::get_if<Skip>(&admission))
    return {.outcome = skip->reason == SkipReason::no_slot ? Outcome::no_slot : Outcome::breaker_open,
            .message = skip->message,
            .hint = hint_for(*candidate.backend, candidate.task, *skip)};
  CallEnd call = make_call(*candidate.backend, smallest_task(candidate),
                           {.deadline = Deadline::in(kSmallestTaskTimeout),
                            .scratch = engine.scratch,
                            .tag = make_run_id(engine.clock.now().wall),
                            .fresh_connections = std::get<Permit>(admission).in_burst(),
                            .depth = *depth,
                            .secrets = &engine.redact},
                           cancel);
  const OutcomeTraits& row = traits(call.end.outcome);
  const std::string message = engine.redact(call.end.message);
  std::get<Permit>(admission).settle({.verdict = row.on_health,
                                      .trip = row.trip,
                                      .retry_after = call.end.retry_after,
                                      .outcome = std::string(row.name),
                                      .message = message});
  const bool works = is_answer(call.end.outcome);
  return {.works = works,
          .outcome = call.end.outcome,
          .message = works ? one_line(call.reading.model, kLongestVersion) : message,
          .hint = works ? "" : engine.redact(hint_for(*candidate.backend, candidate.task, call.end)),
          .took = call.took};
}

}  // namespace delegate
