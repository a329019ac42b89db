#include "core/run/judge.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/duration.hpp"
#include "core/run/echoes.hpp"
#include "core/run/error_lines.hpp"
#include "core/run/failure_rules.hpp"
#include "core/run/reset_time.hpp"

namespace delegate {
namespace {

/// A call that showed work this shortly before its time limit was slow, not failing.
constexpr milliseconds kStillActive{30'000};
/// One retry is allowed: the first refused sign-in may lead to a renewed token, the first lost connection may be an
/// accident. After a second failure another candidate is the better choice.
constexpr int kMostFailures = 2;
/// Longer pauses are not waited for even if there is time: another candidate answers sooner.
constexpr milliseconds kLongestRetryPause{10'000};
constexpr milliseconds kShortPause{2'000};
constexpr std::string_view kNoText = "the answer had no text";

std::string signal_text(int signal) {
  const char* words = sigdescr_np(signal);
  return words == nullptr ? "signal " + std::to_string(signal) : words;
}

/// The end of the answer was seen. It is one only if nothing of it got lost.
Failure answered(ParsedOutput& parsed) {
  parsed.end_text();
  if (parsed.unreadable > 0 && !parsed.text_is_stated) {
    const std::string parts = parsed.unreadable == 1 ? "a part" : std::to_string(parsed.unreadable) + " parts";
    return {.outcome = Outcome::bad_output,
            .message = parts + " of its output could not be read" +
                       (parsed.has_long_record ? ", because a record is longer than 16 MB" : "") +
                       ", so its answer may have a hole",
            .hint = "ask again; if it happens again, report it to the authors of that program and of delegate"};
  }
  if (parsed.has_words()) {
    if (!parsed.truncation.empty()) parsed.warnings.push_back(parsed.truncation);
    return {Outcome::answered, {}, {}};
  }
  parsed.text.clear();
  if (parsed.if_empty) return *parsed.if_empty;
  if (parsed.spoken.ended_in_thought())
    return {Outcome::cut_short, "it ended while it was still thinking, before its answer began", {}};
  if (!parsed.usage.output_tokens) return {Outcome::lost_result, "ended without an answer", {}};
  parsed.warnings.emplace_back(kNoText);
  return {Outcome::answered_empty, {}, {}};
}

/// What a CLI or a server may repeat, and what must be neither stored nor shown in an error.
class Private {
 public:
  Private(const Task& task, const ParsedOutput& parsed)
      : asked_(task.system.empty() ? std::string() : task.prompt + "\n" + task.system),
        prompt_(asked_.empty() ? task.prompt : asked_),
        parsed_(parsed) {}
  Private(const Private&) = delete;
  Private& operator=(const Private&) = delete;

  std::string without_both(std::string_view line) { return answer().masked(prompt_.masked(line)); }
  /// What is as a whole a part of the answer may also be the error itself.
  std::string without_parts(std::string_view line) {
    return answer().masked(prompt_.masked(line), Echoes::Kept::whole_line);
  }
  /// For verdicts, and the messages that explain them: what a CLI or a server repeats is no reason.
  std::string without_echoes(std::string_view lines) {
    return answer().masked(prompt_.masked(lines, Echoes::Kept::quoted_error), Echoes::Kept::whole_line);
  }

 private:
  Echoes& answer() {
    if (!answer_) {
      words_ = parsed_.text + parsed_.draft;
      answer_.emplace(words_);
    }
    return *answer_;
  }

  std::string asked_;
  Echoes prompt_;
  const ParsedOutput& parsed_;
  std::string words_;
  std::optional<Echoes> answer_;
};

/// The last line of output, for the message. No record shows a part of the answer; where the output is plain text, its
/// last line is the best there is.
std::string last_words(Private& secrets, const ChildResult& result) {
  for (const HeadAndTail* output : {&result.err, &result.out}) {
    const std::string last = last_error_line(output->tail());
    std::string line = secrets.without_parts(last);
    if (!line.empty() && line != kEchoMask) return line;
  }
  return "no output";
}

constexpr std::string_view kTimeout = "timeout";
constexpr std::string_view kFirstOutput = "first_output_timeout";
constexpr std::string_view kIdle = "idle_timeout";

Failure timed_out(bool heard, milliseconds silence, milliseconds took) {
  const std::string after = "no answer after " + format_took(took);
  if (heard && silence < kStillActive)
    return {.outcome = Outcome::timed_out_active, .message = after + ", still working", .limit = kTimeout};
  return {.outcome = Outcome::timed_out, .message = after, .limit = kTimeout};
}

bool heard(const ChildResult& result) { return result.out.total() + result.err.total() > 0; }

/// A retry for an unknown reason, or one that was not the end: what was printed last may say more.
bool is_vague(const Failure& failure, const ChildResult& result) {
  if (result.end == ChildEnd::stopped) return failure.outcome == Outcome::exited_nonzero;
  return result.end == ChildEnd::exited && failure.retrying.has_value();
}

milliseconds since_last_sign(const ChildResult& result) {
  return std::min(result.since_last_output, result.since_last_work.value_or(result.since_last_output));
}

/// Silence while a tool runs is the tool's: calling it a timeout of the backend would mislead.
Failure fell_silent(const ParsedOutput& parsed, milliseconds silence) {
  const std::string message = "fell silent for " + format_took(silence);
  if (parsed.tools.empty()) return {.outcome = Outcome::idle_timed_out, .message = message, .limit = kIdle};
  std::vector<std::string> tools;
  for (const auto& [id, tool] : parsed.tools) tools.push_back(tool);
  return {.outcome = Outcome::stalled_tool,
          .message = message + " while " + one_line(join(tools, " and ")),
          .limit = kIdle};
}

std::optional<Failure> exceeded_limit(const ParsedOutput& parsed, const ChildResult& result) {
  switch (result.end) {
    case ChildEnd::no_first_output:
      return Failure{.outcome = Outcome::idle_timed_out,
                     .message = "printed nothing for " + format_took(result.took) + " after its start",
                     .limit = kFirstOutput};
    case ChildEnd::idle: return fell_silent(parsed, result.since_last_output);
    case ChildEnd::timed_out:
      return timed_out(heard(result) || result.since_last_work, since_last_sign(result), result.took);
    default: return std::nullopt;
  }
}

/// A backend may fail without a message; the person still gets one.
Failure with_message(Failure failure, std::string otherwise) {
  if (failure.message.empty()) failure.message = std::move(otherwise);
  return failure;
}

RawOutput raw_of(const HttpResult& result) { return {.http_status = result.status, .body = result.body}; }

/// The Retry-After header is more exact than the message; the ends of the limits are headers of their own.
Failure with_header(Failure failure, const HttpResult& result) {
  if (result.status < 400) return failure;
  auto stated = stated_header(result.retry_after);
  const bool is_limit = traits(failure.outcome).on_call == Verdict::rate_limited;
  if (!stated && is_limit && !failure.retry_after && !failure.retry_at) stated = end_of_limits(result.limits);
  if (!stated) return failure;
  failure.retry_after = stated->after;
  failure.retry_at = stated->at;
  return failure;
}

/// The kinds have no redirect: something on the way, or a moved service, sends the caller elsewhere.
Failure redirected(const HttpResult& result) {
  const std::string to = one_line(result.location.substr(0, result.location.find('?')));
  return {.outcome = Outcome::unreachable,
          .message = "HTTP status " + std::to_string(result.status) + ": it redirects" +
                     (to.empty() ? " without saying where" : " to " + to),
          .hint =
              "set the address of the service in backends.{name}.url; if that is it, a network's sign-in page or a "
              "proxy may stand in between"};
}

/// An error is short; a longer body may be an answer.
constexpr std::size_t kKeptOfBody = 2048;

Failure unrecognised(Failure failure, std::string last_lines) {
  failure.is_recognised = false;
  failure.last_lines = std::move(last_lines);
  return failure;
}

/// Of stdout and stderr together, or of a response. Tokens of a stream are too short to be recognised as the answer's.
std::string kept_lines(Private& secrets, std::initializer_list<std::string_view> texts) {
  std::vector<std::string> kept;
  for (const std::string_view text : texts) {
    const std::string lines = last_lines(text);
    for (const std::string_view line : split(lines, '\n'))
      if (std::string words = secrets.without_both(line); !words.empty() && words != kEchoMask)
        kept.push_back(std::move(words));
  }
  return join(kept, "\n");
}

/// Of a response with status 200 only its errors; what else is in it belongs to an answer.
std::string kept_body(const HttpResult& result) {
  const std::string_view body = std::string_view(result.body).substr(0, kKeptOfBody);
  if (result.status != 200) return std::string(body);
  std::string kept;
  for (const std::string_view line : split(body, '\n'))
    if (line.find('{') != std::string_view::npos && !is_record_of_content(line)) kept += std::string(line) + "\n";
  return kept;
}

/// A failure that only says that there was one.
bool says_nothing(const Failure& failure) {
  return !failure.is_recognised || failure.outcome == Outcome::exited_nonzero ||
         failure.outcome == Outcome::lost_result;
}

constexpr std::string_view kCertificate =
    "its certificate is not trusted here: add its CA certificate to those that this machine trusts, or check the proxy";
constexpr std::string_view kProxy =
    "the proxy refuses the connection: check HTTPS_PROXY with its user and password, or exempt the server with "
    "NO_PROXY";

/// A server at its default address that is not installed is not down.
Failure connection_refused(const Backend& backend, const Task& task, const HttpResult& result) {
  const std::string program(backend.server_program(task));
  if (!program.empty() && task.executable.empty())
    return {
        Outcome::not_installed, program + " is not on the PATH, and nothing listens at " + backend.endpoint(task), {}};
  Failure failure{Outcome::unreachable, one_line(result.message), {}};
  if (contains_ignoring_case(failure.message, "certificate")) failure.hint = kCertificate;
  if (contains_ignoring_case(failure.message, "proxy")) failure.hint = kProxy;
  return failure;
}

/// curl reports a proxy that refuses to connect to the server as a lost connection.
Failure connection_lost(const HttpResult& result) {
  const bool by_proxy = result.status == 0 && (contains_ignoring_case(result.message, "CONNECT tunnel") ||
                                               contains_ignoring_case(result.message, "from proxy"));
  if (by_proxy)
    return {.outcome = Outcome::unreachable, .message = one_line(result.message), .hint = std::string(kProxy)};
  return {Outcome::dropped, "connection lost: " + one_line(result.message), {}};
}

Failure without_echoes(const Backend& backend, Private& secrets, Failure failure) {
  std::string message = secrets.without_echoes(failure.message);
  return message == failure.message ? failure : backend.without_echo(std::move(failure), std::move(message));
}

/// A limit of this machine or user may have killed it, or made it abort; of its words, only those count here.
Failure killed(const Backend& backend, const Task& task, const ParsedOutput& parsed, const ChildResult& result,
               Private& secrets) {
  Failure failure{Outcome::killed_by_signal, "killed by a signal (" + signal_text(result.signal) + ")", {}};
  if (result.signal == SIGXFSZ || result.signal == SIGXCPU) failure.outcome = Outcome::resources;
  const std::string out = result.out.text();
  const std::string err = secrets.without_echoes(result.err.text());
  const auto known = backend.explain(parsed, task, {.out = out, .err = err, .exit_code = result.exit_code});
  return known && known->outcome == Outcome::resources ? without_echoes(backend, secrets, *known) : failure;
}

Failure weigh(const Backend& backend, const Task& task, ParsedOutput& parsed, const ChildResult& result,
              Private& secrets) {
  const bool clean = result.end == ChildEnd::exited && result.exit_code == 0;
  if (clean && !parsed.complete) backend.conclude(parsed, task);
  if (parsed.complete && !parsed.failure) return answered(parsed);
  if (parsed.hopeless) parsed.failure = std::exchange(parsed.hopeless, std::nullopt);
  if (result.end == ChildEnd::cancelled) return {Outcome::cancelled, "cancelled", {}};
  if (result.end == ChildEnd::signalled) return killed(backend, task, parsed, result, secrets);
  if (parsed.failure && !is_vague(*parsed.failure, result))
    return with_message(without_echoes(backend, secrets, *parsed.failure), "reported an error without a message");
  if (auto late = exceeded_limit(parsed, result)) return *std::move(late);
  const std::string out = result.out.text();
  const std::string err = secrets.without_echoes(result.err.text());
  if (auto known = backend.explain(parsed, task, {.out = out, .err = err, .exit_code = result.exit_code})) {
    if (parsed.failure && !known->retry_after) known->retry_after = parsed.failure->retry_after;
    return with_message(without_echoes(backend, secrets, *std::move(known)),
                        "exit code " + std::to_string(result.exit_code) + ": no output");
  }
  if (parsed.failure) return with_message(without_echoes(backend, secrets, *parsed.failure), "kept retrying");
  // One that ends with an error is a crash, whether or not its prompt fitted into the pipe.
  if (!result.input_written && clean) return {Outcome::pipe_closed, "exited before it had read the prompt", {}};
  const std::string words = last_words(secrets, result);
  if (!clean) return {Outcome::exited_nonzero, "exit code " + std::to_string(result.exit_code) + ": " + words, {}};
  if (parsed.unreadable > 0) return answered(parsed);  // its end may be what could not be read
  const bool understood = !parsed.text.empty() || !parsed.session_id.empty();
  if (!understood && result.out.total() > 0)
    return {.outcome = Outcome::bad_output, .message = "sent unreadable output: " + words, .is_recognised = false};
  return {Outcome::lost_result, "ended without an answer", {}};
}

Failure weigh(const Backend& backend, const Task& task, ParsedOutput& parsed, const HttpResult& result,
              Private& secrets) {
  const bool is_over = result.end == HttpEnd::complete || result.end == HttpEnd::stopped;
  const bool whole_response = is_over && result.status == 200;
  if (whole_response && !parsed.complete && !parsed.end_announced && !parsed.failure) backend.conclude(parsed, task);
  if (parsed.end_announced) parsed.complete = true;
  if (parsed.complete && !parsed.failure) return answered(parsed);
  const bool our_fault = result.status >= 400 && result.status < 500;  // as the status says
  const bool vague = our_fault && parsed.failure && parsed.failure->outcome == Outcome::server_error;
  if (parsed.failure && result.end != HttpEnd::cancelled && !vague)
    return with_message(with_header(without_echoes(backend, secrets, *parsed.failure), result),
                        "reported an error without a message");
  switch (result.end) {
    case HttpEnd::cancelled: return {Outcome::cancelled, "cancelled", {}};
    case HttpEnd::unreachable: return connection_refused(backend, task, result);
    case HttpEnd::connect_timeout: return {Outcome::connect_timeout, one_line(result.message), {}};
    // A server that accepted the request and sends nothing is busy: it loads a model, or reads a long prompt.
    case HttpEnd::no_first_byte:
      return {.outcome = Outcome::timed_out_active,
              .message = "no output after " + format_took(result.took),
              .limit = kFirstOutput};
    case HttpEnd::idle:
      return {.outcome = Outcome::timed_out_active,
              .message = "fell silent for " + format_took(result.since_last_byte),
              .limit = kIdle};
    case HttpEnd::timed_out: return timed_out(result.status != 0, result.since_last_byte, result.took);
    case HttpEnd::unsent:
      return {Outcome::send_failed, "connection lost before the prompt was sent: " + one_line(result.message), {}};
    case HttpEnd::dropped: return connection_lost(result);
    case HttpEnd::malformed: return {Outcome::bad_output, "not HTTP: " + one_line(result.message), {}};
    case HttpEnd::stopped:
    case HttpEnd::complete: break;
  }
  if (result.status >= 300 && result.status < 400) return redirected(result);
  if (auto known = backend.explain(parsed, task, raw_of(result)))
    return with_message(with_header(without_echoes(backend, secrets, *std::move(known)), result),
                        "HTTP status " + std::to_string(result.status) + " without a message");
  if (result.status != 200)
    return {.outcome = result.status >= 500 ? Outcome::server_error : Outcome::bad_request,
            .message = "HTTP status " + std::to_string(result.status) + ": " +
                       one_line(secrets.without_both(result.body.substr(0, kKeptOfBody))),
            .is_recognised = false};
  return {Outcome::lost_result, "the stream ended before the answer was complete", {}};
}

}  // namespace

Failure judge_process(const Backend& backend, const Task& task, ParsedOutput& parsed, const ChildResult& result) {
  Private secrets(task, parsed);
  Failure failure = weigh(backend, task, parsed, result, secrets);
  if (is_answer(failure.outcome)) return failure;
  const bool ended = result.end == ChildEnd::exited || result.end == ChildEnd::stopped;
  const bool is_structured = parsed.failure && !is_vague(*parsed.failure, result);
  const bool has_rules = !task.settings.failures.empty();
  const std::string err = is_structured || !has_rules ? std::string() : secrets.without_echoes(result.err.text());
  const bool by_rule = ended && apply_rules(task.settings, {failure.message, err}, failure);
  if (by_rule || !says_nothing(failure)) return failure;
  return unrecognised(std::move(failure), kept_lines(secrets, {result.out.text(), result.err.text()}));
}

Failure judge_http(const Backend& backend, const Task& task, ParsedOutput& parsed, const HttpResult& result) {
  Private secrets(task, parsed);
  Failure failure = weigh(backend, task, parsed, result, secrets);
  if (is_answer(failure.outcome)) return failure;
  const bool ended = result.end == HttpEnd::complete || result.end == HttpEnd::stopped;
  const bool has_rules = !task.settings.failures.empty();
  const std::string body = result.status == 200 || !has_rules ? std::string() : secrets.without_echoes(result.body);
  const bool by_rule = ended && apply_rules(task.settings, {failure.message, body}, failure);
  if (by_rule || !says_nothing(failure)) return failure;
  return unrecognised(std::move(failure), kept_lines(secrets, {kept_body(result)}));
}

bool is_alive_at_limit(const Backend& backend, const Failure& failure) {
  return !backend.is_process() && failure.outcome == Outcome::cut_short;
}

Failure judge_spawn(const Error& error) {
  switch (error.code) {
    case Code::not_found: return {Outcome::not_installed, error.what, {}};
    case Code::resource_exhausted: return {Outcome::resources, error.what, {}};
    default: return {.outcome = Outcome::spawn_failed, .message = error.what, .hint = error.hint};
  }
}

std::optional<Failure> end_of_retries(const Failure& failed, std::optional<milliseconds> left) {
  if (!failed.retrying) return std::nullopt;
  const Retrying& retrying = *failed.retrying;
  Failure end = failed;
  end.retrying.reset();
  // No CLI pauses that long by itself: it is the service that asked for it.
  if (retrying.pause > kLongestRetryPause && !end.retry_after && !end.retry_at) end.retry_after = retrying.pause;
  if (retrying.pause > std::min(left.value_or(kLongestRetryPause), kLongestRetryPause)) return end;
  // A network that is not there does not come back within a second or two: another candidate is asked before the ten
  // seconds are over that a CLI takes for its second try.
  const bool soon = retrying.pause.count() > 0 && retrying.pause <= kShortPause;
  const bool offline = failed.outcome == Outcome::unreachable && !soon;
  if (offline || retrying.forever || retrying.failures >= kMostFailures ||
      traits(failed.outcome).retry == Retry::pointless)
    return end;
  return std::nullopt;
}

}  // namespace delegate
