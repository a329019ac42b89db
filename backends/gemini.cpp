#include "backends/gemini.hpp"

#include "backends/cli_process.hpp"
#include "backends/json.hpp"
#include "backends/signatures.hpp"

// Gemini CLI, headless: `gemini -o stream-json`. Events as JSON lines; the answer is the sum of the assistant's deltas,
// its end the record of type "result", which may say "error" although the exit code is 0. Exit codes are HTTP statuses
// modulo 256 (145 is 401, no signal). Observed with 0.61.0; parsed tolerantly.
namespace delegate {
namespace {

constexpr const char* kScratch = "{scratch}";

// A limit per minute is told as a quota, too; only the daily one is.
constexpr Signature kWords[] = {
    {R"(\bdaily quota\b)", Outcome::quota_exhausted},
    {R"(\bexceeded your current quota\b)", Outcome::rate_limited},
};

/// The message is often the vendor's JSON in words of the CLI: `[API Error: {"error":{"code":400,…}}]`.
Problem problem_of(const std::string& message) {
  std::optional<Outcome> outcome = match(kWords, message);
  if (!outcome) outcome = match(common_signatures(), message);
  const std::size_t begin = message.find('{');
  const std::size_t end = message.rfind('}');
  std::string words = message;
  if (begin != std::string::npos && end != std::string::npos && end > begin)
    if (const auto vendor = parse_object(std::string_view(message).substr(begin, end - begin + 1))) {
      if (std::string inner = text_at(*vendor, "/error/message"); !inner.empty()) words = std::move(inner);
      const auto code = integer_at(*vendor, "/error/code");
      if (!outcome && code) outcome = outcome_of_status(*code);
    }
  if (!outcome && message.find("terminated") != std::string::npos) outcome = Outcome::dropped;
  if (!outcome && message.find("fetch failed") != std::string::npos) outcome = Outcome::unreachable;
  return {outcome.value_or(Outcome::exited_nonzero), one_line(words), stated_wait(message)};
}

void read_result(const Json& json, Reading& reading) {
  reading.usage.input_tokens = integer_at(json, "/stats/input_tokens");
  reading.usage.output_tokens = integer_at(json, "/stats/output_tokens");
  if (text_at(json, "/status") == "success") {
    reading.problem.reset();  // what was retried with success
    // Who said it all before the last tool was used has nothing to add to it.
    reading.text = trim(reading.draft).empty() ? reading.text + reading.draft : reading.draft;
    reading.complete = true;
    return;
  }
  const std::string message = text_at(json, "/error/message");
  if (!message.empty()) reading.problem = problem_of(message);
  else if (!reading.problem) reading.problem = Problem{Outcome::lost_result, "ended with an error and no message", {}};
}

/// What was said before a tool is used was a remark, as a rule; it is kept in case nothing follows.
void read_tool_use(const Json& json, Reading& reading) {
  reading.text += reading.draft;
  reading.begin_draft();
  reading.doing = "using " + one_line(text_at(json, "/tool_name"), 40);
}

/// Its own retries are told on stderr alone: "Attempt 2 failed with status 500. Retrying …", or, for a rate limit, a
/// second line with the wait. It would try ten times, for more than four minutes; its setting for that is honoured only
/// in files that root owns. One retry is enough, and a stated wait is ours to remember.
void read_retry(std::string_view line, Reading& reading) {
  if (reading.complete) return;  // the two pipes are not read in the order in which they were written
  const bool first = line.starts_with("Attempt 1 failed");
  if (line.starts_with("Attempt ") && line.find(" failed") != std::string_view::npos) {
    reading.problem = problem_of(std::string(trim(line)));
    reading.hopeless = !first;
  } else if (reading.problem && line.starts_with("Suggested retry after")) {
    reading.problem->retry_after = stated_wait(line);
    reading.hopeless = true;
  }
}

/// Those that no shell or signal makes, and the input error that an unknown session is.
std::optional<Outcome> outcome_of_exit(int code) {
  if (code == 42) return Outcome::bad_request;
  for (const std::int64_t status : {401, 403, 429, 500, 503})
    if (code == (status & 0xFF)) return outcome_of_status(status);
  return std::nullopt;
}

constexpr Hint kHints[] = {
    {Outcome::not_installed, "npm install -g @google/gemini-cli"},
    {Outcome::unauthenticated, "run `{login} gemini` and sign in"},
    {Outcome::unauthenticated,
     "run `gemini` and sign in; GEMINI_API_KEY is set but kept from it: to use it, set backends.{name}.env.keep = "
     "[\"GEMINI_API_KEY\"]",
     "GEMINI_API_KEY"},
    {Outcome::unauthenticated, "run `gemini` and sign in, or set GEMINI_API_KEY"},
    {Outcome::blocked, "run `gemini` in this directory and trust it with /permissions, or ask elsewhere with -C"},
};

class Gemini final : public CliBackend {
 public:
  std::string_view kind() const override { return "gemini"; }

  tl::expected<Call, Problem> prepare(const Task& task, const std::vector<HttpResult>&) const override {
    ProcessCall call = start_call(task);
    const auto add = [&](std::initializer_list<std::string> words) { call.argv.insert(call.argv.end(), words); };
    add({"-o", "stream-json", "--skip-trust", "--approval-mode"});
    add({task.access == Access::write ? "yolo" : "default"});
    // No MCP servers: they cost seconds at start-up, and delegate itself may be one of them.
    add({"--allowed-mcp-server-names", "__none__"});
    if (!task.model.empty()) add({"-m", task.model});
    if (!task.session.empty()) add({"--resume", task.session});
    // One process instead of two, two seconds sooner. Its error reports go where we remove them: they may quote the
    // prompt.
    call.env = child_environment(task, {}, {"GEMINI_CLI_NO_RELAUNCH=true", std::string("TMPDIR=") + kScratch});
    call.directory_placeholder = kScratch;
    call.input = prompt_with_system(task);
    return call;
  }

  void read(Reading& reading, const Task&, Stream stream, std::string_view line) const override {
    if (stream == Stream::err) return read_retry(line, reading);
    const auto json = parse_object(line);
    if (!json) return;
    const std::string type = text_at(*json, "/type");
    if (type == "init") {
      reading.session_id = text_at(*json, "/session_id");
      reading.model = text_at(*json, "/model");
    }
    if (type == "message" && text_at(*json, "/role") == "assistant") {
      reading.draft += text_at(*json, "/content");
      reading.doing.clear();
    }
    if (type == "tool_use") read_tool_use(*json, reading);
    if (type == "error" && text_at(*json, "/severity") == "error") {
      const std::string message = text_at(*json, "/message");
      const auto outcome = match(common_signatures(), message);
      reading.problem = Problem{outcome.value_or(Outcome::lost_result), one_line(message), stated_wait(message)};
    }
    if (type == "result") read_result(*json, reading);
  }

  std::optional<Problem> explain(const Reading& reading, const Task& task, const Remains& remains) const override {
    if (remains.exit_code == 41) return Problem{Outcome::unauthenticated, one_line(remains.err), {}};
    if (remains.exit_code == 55) return Problem{Outcome::blocked, "the directory is not trusted by gemini", {}};
    // The structured error is the tail of stderr, after stack traces.
    const std::size_t tail = remains.err.rfind("\n{\n");
    if (tail != std::string_view::npos)
      if (const auto json = parse_object(remains.err.substr(tail))) return problem_of(text_at(*json, "/error/message"));
    if (auto known = CliBackend::explain(reading, task, remains)) return known;
    const auto outcome = outcome_of_exit(remains.exit_code);
    if (!outcome) return std::nullopt;
    return Problem{*outcome, one_line(remains.err), {}};
  }

  std::span<const Hint> hints() const override { return kHints; }
};

}  // namespace

const Backend& gemini_backend() {
  static const Gemini backend;
  return backend;
}

}  // namespace delegate
