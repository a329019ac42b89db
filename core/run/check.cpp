#include "core/run/check.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "core/base/ids.hpp"
#include "core/base/text.hpp"
#include "core/os/local_port.hpp"
#include "core/os/random.hpp"
#include "core/run/budgets.hpp"
#include "core/run/call.hpp"
#include "core/run/hints.hpp"
#include "core/run/http_call.hpp"
#include "core/run/judge.hpp"
#include "core/run/no_answer.hpp"
#include "core/run/quota_report.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLongestVersion = 60;
constexpr int kFewTokens = 64;  // enough for an "OK" after a little reasoning

VersionAnswer broken(const Candidate& candidate, const Failure& failure, milliseconds took) {
  return {.text = failure.message,
          .outcome = failure.outcome,
          .hint = hint_for(*candidate.backend, candidate.task, failure),
          .took = took};
}

VersionAnswer version_of(const Candidate& candidate, const ProcessCall& call, const CancelToken& cancel,
                         Deadline deadline) {
  ChildSpec spec;
  spec.argv = call.argv;
  spec.env = call.env;
  spec.clocks.total = deadline;
  const auto result = run_child(spec, cancel);
  if (!result) return broken(candidate, judge_spawn(result.error()), milliseconds(0));
  if (result->end == ChildEnd::exited && result->exit_code == 0) {
    std::string said = result->out.text();
    if (trim(said).empty()) said = result->err.text();
    return {.works = true,
            .text = one_line(trim(said).substr(0, trim(said).find('\n')), kLongestVersion),
            .took = result->took};
  }
  ParsedOutput parsed;
  Failure failure = judge_process(*candidate.backend, candidate.task, parsed, *result);
  failure.limit = {};  // the time limit of a check is fixed, no setting changes it
  return broken(candidate, failure, result->took);
}

VersionAnswer version_of(const Candidate& candidate, HttpRequest request, const CancelToken& cancel,
                         Deadline deadline) {
  request.clocks.total = deadline;
  const auto result = http_exchange(request, cancel);
  if (!result) return broken(candidate, judge_spawn(result.error()), milliseconds(0));
  if (result->end == HttpEnd::complete && result->status == 200)
    return {.works = true, .text = one_line(result->body, kLongestVersion), .took = result->took};
  ParsedOutput parsed;
  return broken(candidate, judge_http(*candidate.backend, candidate.task, parsed, *result), result->took);
}

struct LocalPlace {
  std::string host;
  std::uint16_t port = 0;
};
/// Where on this machine a URL leads; nothing if it leads elsewhere, or has no usable port.
std::optional<LocalPlace> local_place(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  std::string_view place = url.substr(scheme + 3);
  place = place.substr(0, place.find_first_of("/?#"));
  if (const std::size_t at = place.rfind('@'); at != std::string_view::npos) place.remove_prefix(at + 1);
  const std::size_t colon = place.rfind(':');
  const bool has_port = colon != std::string_view::npos && place.find(']', colon) == std::string_view::npos;
  LocalPlace found{std::string(has_port ? place.substr(0, colon) : place),
                   static_cast<std::uint16_t>(url.starts_with("https:") ? 443 : 80)};
  if (!is_local_host(found.host)) return std::nullopt;
  if (!has_port) return found;
  const std::string_view digits = place.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), found.port);
  return error == std::errc{} && end == digits.data() + digits.size() ? std::optional(found) : std::nullopt;
}

PingAnswer refused_ping(const Candidate& candidate, const Skip& skip) {
  return {.outcome = outcome_of_skips({skip}),
          .message = skip.message,
          .hint = hint_for(*candidate.backend, candidate.task, skip)};
}

/// It has no row in the history, but counts towards budgets like any other call.
void count_ping(const Engine& engine, const std::string& candidate, const Task& task, const CallEnd& call,
                milliseconds started_at, BudgetHold& budget) {
  const Attempt attempt{.outcome = call.failure.outcome, .text = call.parsed.text, .usage = call.parsed.usage};
  count_call(engine,
             {.backend = candidate,
              .model = engine.redact(one_line(call.parsed.model.empty() ? task.model : call.parsed.model)),
              .outcome = std::string(to_string(attempt.outcome)),
              .started_at = started_at,
              .took = call.took,
              .usage = call.parsed.usage,
              .is_call = call.has_started,
              .counted_usage = counted_usage(budget, task, attempt)},
             budget);
}

}  // namespace

ServerTrace find_server(const Candidate& candidate) {
  const auto place = local_place(candidate.backend->endpoint(candidate.task));
  if (!place) return ServerTrace::elsewhere;
  if (is_listening(place->host, place->port)) return ServerTrace::listening;
  const bool is_known = !candidate.backend->server_program(candidate.task).empty();  // else the address was configured
  return candidate.task.executable.empty() && is_known ? ServerTrace::absent : ServerTrace::not_running;
}

VersionAnswer ask_version(const Candidate& candidate, const CancelToken& cancel, milliseconds timeout) {
  const Call call = candidate.backend->version_call(candidate.task);
  const Deadline end = Deadline::in(timeout);
  if (const auto* process = std::get_if<ProcessCall>(&call)) return version_of(candidate, *process, cancel, end);
  return version_of(candidate, std::get<HttpRequest>(call), cancel, end);
}

ModelAnswer ask_for_model(const Candidate& candidate, const CancelToken& cancel, milliseconds timeout) {
  const Backend& backend = *candidate.backend;
  Task task = candidate.task;
  task.settings.timeout = task.settings.load_timeout = timeout;
  const OnParsed ignored;
  HttpCall server(backend, task, {}, cancel, ignored);
  CallEnd lookup;
  Failure failure;
  if (!server.look_up(lookup)) {
    failure = std::move(lookup.failure);
  } else if (const auto call = backend.prepare(task, server.lookups()); !call) {
    failure = call.error();
  } else {
    ModelChoice choice = backend.choose_model(task, server.lookups());
    return {
        .works = true, .text = std::move(choice.words), .model = std::move(choice.name), .outcome = Outcome::answered};
  }
  failure.limit = {};  // the time limit of a check is fixed, no setting changes it
  return {.text = failure.message, .outcome = failure.outcome, .hint = hint_for(backend, task, failure)};
}

bool is_service(const Candidate& candidate) { return lower(candidate.where).starts_with("https://"); }

bool is_reachable(const Candidate& candidate, const CancelToken& cancel, milliseconds timeout, std::string* model) {
  if (candidate.backend->is_process() || is_service(candidate)) return true;
  ModelAnswer answer = ask_for_model(candidate, cancel, timeout);
  if (model != nullptr) *model = std::move(answer.model);
  return answer.works;
}

LoginTrace find_login(const Candidate& candidate) {
  const Backend& backend = *candidate.backend;
  const LoginTraces traces = backend.login_traces(candidate.task);
  const auto call = backend.prepare(smallest_task(candidate), {});
  const auto* process = call ? std::get_if<ProcessCall>(&*call) : nullptr;
  if ((traces.files.empty() && traces.variables.empty()) || process == nullptr) return {};
  const auto is_there = [](const std::string& file) {
    std::error_code ignored;  // a file that cannot be inspected counts as missing
    return std::filesystem::exists(file, ignored);
  };
  const auto is_seen = [&](const std::string& variable) {
    const std::string beginning = variable + "=";
    return std::any_of(process->env.begin(), process->env.end(), [&](const std::string& one) {
      return one.size() > beginning.size() && one.starts_with(beginning);
    });
  };
  if (const auto& doubtful = traces.doubtful;
      doubtful && is_there(doubtful->file) && std::none_of(doubtful->unless.begin(), doubtful->unless.end(), is_seen))
    return {.doubt = std::string(doubtful->what), .hint = std::string(doubtful->fix)};
  if (std::any_of(traces.files.begin(), traces.files.end(), is_there) ||
      std::any_of(traces.variables.begin(), traces.variables.end(), is_seen))
    return {};
  const std::string first_file = traces.files.empty() ? std::string() : traces.files.front();
  return {.found = false,
          .usual_place = first_file,
          .hint = hint_for(backend, candidate.task, Failure{.outcome = Outcome::unauthenticated})};
}

Task smallest_task(const Candidate& candidate) {
  Task task = candidate.task;
  Task easier = task;
  if (candidate.backend->choose(easier, Tier::small) && easier.model == task.model && !easier.local_size)
    task = std::move(easier);
  task.prompt = "Reply with exactly: OK";
  const int most = task.settings.max_tokens;
  task.settings.max_tokens = most > 0 ? std::min(most, kFewTokens) : kFewTokens;
  task.settings.timeout = std::min(task.settings.timeout, kSmallestTaskTimeout);
  return task;
}

PingAnswer ping(const Engine& engine, const Candidate& candidate, const CancelToken& cancel) {
  const auto depth = next_depth(engine);
  if (!depth) return {.outcome = Outcome::blocked, .message = depth.error().what, .hint = depth.error().hint};
  const Task task = smallest_task(candidate);
  AdmissionRequest wanted = admission_request(engine, candidate, ProbeTime::immediate);
  wanted.avoids_extra_billing = false;  // a person asked for it, and what is known may be out of date
  auto reserved =
      reserve_budget(engine, candidate, {.prompt_bytes = task.prompt.size(), .lease = wanted.lease, .is_tiny = true});
  if (const auto* skip = std::get_if<Skip>(&reserved)) return refused_ping(candidate, *skip);
  auto admission = engine.breakers.admit(wanted);
  if (const auto* skip = std::get_if<Skip>(&admission)) return refused_ping(candidate, *skip);
  const milliseconds started_at = engine.clock.now().wall;
  CallEnd call = make_call(*candidate.backend, task,
                           {.deadline = Deadline::in(kSmallestTaskTimeout),
                            .scratch = engine.scratch,
                            .tag = make_run_id(started_at, random_bits()) + ".1",
                            .fresh_connections = std::get<Permit>(admission).in_burst(),
                            .depth = *depth,
                            .secrets = &engine.redact},
                           cancel);
  if (is_alive_at_limit(*candidate.backend, call.failure)) call.failure = {.outcome = Outcome::answered};
  count_ping(engine, candidate.name, task, call, started_at, std::get<BudgetHold>(reserved));
  const OutcomeTraits& row = traits(call.failure.outcome);
  const std::string message = engine.redact(call.failure.message);
  std::get<Permit>(admission).settle({.verdict = row.on_health,
                                      .trip = row.trip,
                                      .retry_after = call.failure.retry_after,
                                      .outcome = std::string(row.name),
                                      .message = message},
                                     quota_report(engine, candidate, call.parsed));
  const bool works = is_answer(call.failure.outcome);
  std::string hint = works ? "" : hint_for(*candidate.backend, candidate.task, call.failure);
  const std::string remark = why_not_counted(candidate.task.settings.changed_by, call.failure.outcome, row.on_health);
  if (!remark.empty()) hint += (hint.empty() ? "" : "; ") + remark;
  return {.works = works,
          .outcome = call.failure.outcome,
          .message = works ? one_line(call.parsed.model, kLongestVersion) : message,
          .hint = engine.redact(std::move(hint)),
          .took = call.took};
}

}  // namespace delegate
