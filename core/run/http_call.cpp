#include "core/run/http_call.hpp"

#include <algorithm>

#include "core/base/duration.hpp"
#include "core/os/clock.hpp"
#include "core/os/event.hpp"
#include "core/run/judge.hpp"
#include "core/run/reader.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLookupTimeout{5'000};     // a healthy local server answers these in milliseconds
constexpr std::size_t kLongestLookup = 4u << 20;  // it is read between two looks at the clock
/// Pauses between two requests to a server that is loading its model.
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{2'000};

Failure not_sent(const Error& error) {
  return {.outcome = Outcome::spawn_failed, .message = error.what, .hint = error.hint};
}

Failure no_failure() { return {.outcome = Outcome::answered}; }

Deadline end_of_load(const BackendSettings& settings, Deadline total) {
  if (settings.load_timeout == milliseconds(0)) return total;
  return Deadline::in(settings.load_timeout).or_earlier(total);
}

/// One that ended at once was not begun.
bool was_sent(const HttpResult& result) {
  switch (result.end) {
    case HttpEnd::unreachable:
    case HttpEnd::connect_timeout:
    case HttpEnd::unsent: return false;
    case HttpEnd::cancelled:
    case HttpEnd::timed_out: return result.took.count() > 0;
    default: return true;
  }
}

/// Judges a response other than the expected one.
Failure judge_refusal(const Backend& backend, const Task& task, const HttpResult& result) {
  ParsedOutput parsed;
  const OnParsed ignored;
  Reader reader(backend, task, Deadline::never(), parsed, ignored);
  reader.take(Stream::out, result.body);
  reader.finish();
  return judge_http(backend, task, parsed, result);
}

}  // namespace

HttpCall::HttpCall(const Backend& backend, const Task& task, const CallLimits& limits, const CancelToken& cancel,
                   const OnParsed& on_parsed)
    : backend_(backend),
      task_(task),
      cancel_(cancel),
      fresh_(limits.fresh_connections),
      on_parsed_(on_parsed),
      total_(Deadline::in(task.settings.timeout).or_earlier(limits.deadline)),
      load_end_(end_of_load(task.settings, total_)) {}

void HttpCall::report_doing(std::string doing, CallEnd& call) const {
  call.parsed.doing = std::move(doing);
  if (on_parsed_) on_parsed_(call.parsed);
}

std::string HttpCall::still_loading(const std::string& model) const {
  const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
  return "still loading " + model + " after " + format_took(took);
}

std::string_view HttpCall::load_limit() const { return total_.passed() ? "timeout" : "load_timeout"; }

/// False: it has been loading for too long, or the call was cancelled.
bool HttpCall::wait_for_model(milliseconds pause, Failure& failure, CallEnd& call) {
  if (call.parsed.doing.empty()) report_doing("loading its model", call);
  Event nothing;
  nothing.wait(cancel_, Deadline::in(pause).or_earlier(load_end_));
  if (cancel_.cancelled()) {
    failure = {.outcome = Outcome::cancelled, .message = "cancelled"};
    return false;
  }
  if (!load_end_.passed()) return true;
  failure = {.outcome = Outcome::loading, .message = still_loading("its model"), .limit = load_limit()};
  return false;
}

/// Repeats the request while the server reports that it is loading its model.
template <class Once>
Failure HttpCall::retry_while_loading(Once once, CallEnd& call) {
  for (milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    Failure failure = once();
    if (failure.outcome != Outcome::loading || !wait_for_model(pause, failure, call)) return failure;
  }
}

Failure HttpCall::look_up_once(const HttpRequest& request, const CallEnd& call) {
  auto result = http_exchange(request, cancel_);
  if (!result) return not_sent(result.error());
  ParsedOutput parsed = call.parsed;
  const bool is_redirect = result->status >= 300 && result->status < 400;
  if (result->end != HttpEnd::complete || is_redirect) return judge_http(backend_, task_, parsed, *result);
  if (result->status == 503)
    if (auto refused = backend_.explain({}, task_, {.http_status = result->status, .body = result->body}))
      if (refused->outcome == Outcome::loading) return *std::move(refused);
  lookups_.push_back(*std::move(result));
  return no_failure();
}

bool HttpCall::look_up(CallEnd& call) {
  while (auto request = backend_.lookup(task_, lookups_)) {
    request->keep = kLongestLookup;
    request->fresh = fresh_;
    call.failure = retry_while_loading(
        [&] {
          request->clocks.total = Deadline::in(kLookupTimeout).or_earlier(total_);
          return look_up_once(*request, call);
        },
        call);
    if (call.failure.outcome != Outcome::answered) return false;
  }
  return true;
}

/// Loads the model before the request itself, so that silence while loading is not mistaken for a hang.
bool HttpCall::load(CallEnd& call) {
  auto load = backend_.load(task_, lookups_);
  if (!load) return true;
  report_doing("loading " + load->model, call);
  load->request.clocks.total = load_end_;
  load->request.fresh = fresh_;
  const auto result = http_exchange(load->request, cancel_);
  if (!result) call.failure = not_sent(result.error());
  else if (result->end == HttpEnd::timed_out)
    call.failure = {.outcome = Outcome::loading, .message = still_loading(load->model), .limit = load_limit()};
  else if (result->end != HttpEnd::complete || result->status != 200)
    call.failure = judge_refusal(backend_, task_, *result);
  else call.failure = no_failure();
  if (call.failure.outcome != Outcome::answered) return false;
  report_doing({}, call);
  return true;
}

Failure HttpCall::ask_once(const HttpRequest& request, CallEnd& call) {
  call.parsed = {.doing = std::move(call.parsed.doing)};
  Reader reader(backend_, task_, total_, call.parsed, on_parsed_);
  std::optional<milliseconds> headers_at;
  const auto result = http_exchange(request, cancel_, [&](std::string_view bytes) {
    if (!headers_at) headers_at = wall_now();
    return reader.take(Stream::out, bytes);
  });
  if (!result) return not_sent(result.error());
  call.has_started = call.has_started || was_sent(*result);
  reader.finish();
  call.parsed.quota = backend_.quota_of_headers(result->limits, headers_at.value_or(wall_now()));
  return judge_http(backend_, task_, call.parsed, *result);
}

void HttpCall::ask(const HttpRequest& request, CallEnd& call) {
  HttpRequest timed = request;
  timed.clocks.first_byte = task_.settings.first_output_timeout;
  timed.clocks.idle = task_.settings.idle_timeout;
  timed.clocks.total = total_;
  timed.fresh = fresh_;
  call.failure = retry_while_loading([&] { return ask_once(timed, call); }, call);
}

}  // namespace delegate
