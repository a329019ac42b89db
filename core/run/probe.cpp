#include "core/run/probe.hpp"

#include "core/base/ids.hpp"
#include "core/run/call.hpp"
#include "core/run/judge.hpp"

namespace delegate {
namespace {

constexpr milliseconds kVersionTimeout{10'000};
constexpr milliseconds kPingTimeout{120'000};

VersionAnswer version_of_process(const Candidate& candidate, const CancelToken& cancel) {
  ChildSpec spec;
  spec.argv = {candidate.task.executable};
  const auto words = candidate.backend->version_arguments();
  spec.argv.insert(spec.argv.end(), words.begin(), words.end());
  // Its own environment with all keys removed would be the backend's matter; a version needs none of them.
  for (const auto& [name, value] : candidate.task.environment)
    if (!is_secret_name(name)) spec.env.push_back(name + "=" + value);
  spec.clocks.total = Deadline::in(kVersionTimeout);
  const auto result = run_child(spec, cancel);
  if (!result) return {.text = result.error().what, .outcome = judge_spawn(result.error()).outcome};
  const bool works = result->end == ChildEnd::exited && result->exit_code == 0;
  std::string text = result->out.text();
  if (trim(text).empty() || !works) text += result->err.text();
  text = one_line(text.substr(0, trim(text).find('\n')), 80);
  if (result->end == ChildEnd::timed_out) text = "no version after 10 s";
  return {.works = works,
          .text = text,
          .outcome = result->end == ChildEnd::timed_out ? Outcome::timed_out : Outcome::exited_nonzero,
          .took = result->took};
}

VersionAnswer version_of_server(const Candidate& candidate, const CancelToken& cancel) {
  HttpRequest request{.url = candidate.backend->version_url(candidate.task)};
  request.clocks.total = Deadline::in(kVersionTimeout);
  const auto result = http_exchange(request, cancel);
  if (!result) return {.text = result.error().what, .outcome = Outcome::spawn_failed};
  if (result->end == HttpEnd::complete && result->status == 200)
    return {.works = true, .text = one_line(result->body, 60), .took = result->took};
  Reading reading;
  const Problem problem = judge_http(*candidate.backend, candidate.task, reading, *result);
  return {.text = problem.message, .outcome = problem.outcome, .took = result->took};
}

}  // namespace

VersionAnswer ask_version(const Candidate& candidate, const CancelToken& cancel) {
  return candidate.backend->is_process() ? version_of_process(candidate, cancel) : version_of_server(candidate, cancel);
}

PingAnswer ping(const Engine& engine, const Candidate& candidate, const CancelToken& cancel) {
  auto admission = engine.breakers.admit(applicant_for(engine, candidate, ProbeTime::at_once));
  if (const auto* skip = std::get_if<Skip>(&admission))
    return {.outcome = skip->reason == SkipReason::no_slot ? Outcome::no_slot : Outcome::breaker_open,
            .message = skip->message};
  Task task = candidate.task;
  task.prompt = "Reply with exactly: OK";
  CallEnd call = make_call(*candidate.backend, task,
                           {.deadline = Deadline::in(kPingTimeout),
                            .scratch = engine.scratch,
                            .tag = make_run_id(engine.clock.now().wall),
                            .depth = 1},
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
          .message = works ? call.reading.model : message,
          .hint = works ? "" : hint_for(candidate, call.end.outcome),
          .took = call.took};
}

}  // namespace delegate
