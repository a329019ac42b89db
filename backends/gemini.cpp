#include "backends/kinds.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "backends/cli_process.hpp"
#include "backends/error_meaning.hpp"
#include "backends/gemini_log.hpp"
#include "backends/retry_notice.hpp"
#include "backends/signatures.hpp"
#include "backends/words.hpp"
#include "core/base/json.hpp"
#include "core/base/pieces.hpp"
#include "core/run/error_lines.hpp"
#include "core/run/pattern.hpp"

// Gemini CLI, headless: `gemini -o stream-json`. Events as JSON lines; the answer is the sum of the assistant's deltas.
// The record of type "result" ends it; its status may be "error" although the exit code is 0. Exit codes are HTTP
// statuses modulo 256 (145 is 401, not a signal). Observed with 0.61.0; parsed tolerantly.
namespace delegate {
namespace {

constexpr const char* kScratch = "{scratch}";

// https://github.com/google-gemini/gemini-cli/discussions/28017
constexpr std::string_view kPersonalPlan =
    "is signed in with a Google account: since 2026-06-18 Google serves it only for plans of organisations";
constexpr std::string_view kSuccessor =
    "for a personal plan: set GEMINI_API_KEY, or use its successor Antigravity CLI (`agy`); for an organisation's: set "
    "GOOGLE_CLOUD_PROJECT";

/// The error message without the text that the CLI puts around it.
std::string bare_words(const std::string& message) {
  std::string words = captured(R"(^\[API Error: ([\s\S]*)\]\s*(?:$|\n))", message);
  if (words.empty())
    words = captured(
        R"(^Attempt \d+ failed(?: with status \d+)?(?:\. Retrying with backoff\.\.\.|:)\s*(?:Error: exception \w+: )?(\S.*))",
        message);
  return words.empty() ? message : words;
}

Failure failure_of(const std::string& message) {
  Failure failure = failure_of_words(Vendor::gemini, message, Outcome::exited_nonzero);
  if (failure.message == one_line(message)) failure.message = one_line(bare_words(message));
  return failure;
}

// When a stream breaks, the CLI waits a second or more, repeats the request and appends the new answer to what it has
// already written of the first one, without any notice.
constexpr milliseconds kShortestPause{900};
constexpr std::size_t kSameBeginning = 16;  // bytes; a second answer begins like the first, but may then differ
constexpr std::size_t kFewestBytes = 4;     // bytes before the pause; fewer may be equal by coincidence

/// The time of day in "2026-11-21T09:17:16.702Z".
std::optional<milliseconds> time_of_day(const std::string& stamp) {
  constexpr std::size_t kLength = std::string_view("2026-11-21T09:17:16.702Z").size();
  if (stamp.size() != kLength) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = -1;
    const char* end = stamp.data() + at + digits;
    return std::from_chars(stamp.data() + at, end, value).ptr == end ? value : -1;
  };
  const int hours = number(11, 2);
  const int minutes = number(14, 2);
  const int seconds = number(17, 2);
  const int thousandths = number(20, 3);
  if (hours < 0 || minutes < 0 || seconds < 0 || thousandths < 0) return std::nullopt;
  return std::chrono::hours(hours) + std::chrono::minutes(minutes) + std::chrono::seconds(seconds) +
         milliseconds(thousandths);
}

/// The text after a pause repeats the beginning of the answer.
bool is_restart(std::string_view draft, std::size_t pause) {
  return draft.substr(pause).starts_with(draft.substr(0, std::min(pause, kSameBeginning)));
}

bool has_restarted(const ParsedOutput& parsed) {
  return std::any_of(parsed.pauses.begin(), parsed.pauses.end(),
                     [&](std::size_t pause) { return is_restart(parsed.draft, pause); });
}

/// A pause after which the text goes on differently from the beginning of the answer was not a restart.
void forget_pauses(ParsedOutput& parsed) {
  std::erase_if(parsed.pauses, [&](std::size_t pause) {
    return parsed.draft.size() >= pause + kSameBeginning && !is_restart(parsed.draft, pause);
  });
}

void read_words(const Json& json, ParsedOutput& parsed) {
  const auto now = time_of_day(text_at(json, "/timestamp"));
  const bool is_known = !parsed.pauses.empty() && parsed.pauses.back() == parsed.draft.size();
  const bool has_paused = now && parsed.wrote_at && *now - *parsed.wrote_at >= kShortestPause;
  if (has_paused && !is_known && parsed.draft.size() >= kFewestBytes) parsed.pauses.push_back(parsed.draft.size());
  parsed.wrote_at = now;
  const Json& content = at(json, json.contains("content") ? "/content" : "/text");
  const std::string words = words_in(content);
  const bool is_whole = !true_at(json, "/delta");
  if (is_whole && trim(words).empty()) return note_unknown_shape(content, parsed);  // a blank message replaces nothing
  if (is_whole && !parsed.draft.empty()) parsed.begin_draft();
  parsed.add_to_draft(words);
  note_unknown_shape(content, parsed);
  parsed.doing.clear();
  forget_pauses(parsed);
  if (!has_restarted(parsed)) return;
  parsed.failure = Failure{Outcome::dropped, "its answer broke off and started again behind the first part", {}};
  parsed.failure->retrying = Retrying{.failures = 2};  // nothing that follows can be a usable answer
}

/// The last text is the answer unless more follows. Blanks alone do not replace an earlier text.
void take_draft(ParsedOutput& parsed) {
  append_end(parsed.draft, parsed.cut);
  if (!trim(parsed.draft).empty()) parsed.text = parsed.draft;
}

void read_result(const Json& json, ParsedOutput& parsed) {
  parsed.usage.input_tokens = integer_at(json, "/stats/input_tokens");
  parsed.usage.output_tokens = integer_at(json, "/stats/output_tokens");
  if (text_at(json, "/status") == "success") {
    const bool is_cut = parsed.failure && parsed.failure->outcome == Outcome::cut_short;
    if (is_cut || has_restarted(parsed)) return;
    parsed.failure.reset();  // earlier errors were retried with success
    // If nothing follows the last tool call, the text before it is the answer.
    take_draft(parsed);
    if (std::string stated = text_at(json, "/response"); !trim(stated).empty()) {
      parsed.text = std::move(stated);
      parsed.text_is_stated = true;
    }
    parsed.complete = true;
    return;
  }
  const std::string message = text_at(json, "/error/message");
  if (!message.empty()) parsed.failure = failure_of(message);
  else if (!parsed.failure) parsed.failure = Failure{Outcome::lost_result, "ended with an error and no message", {}};
}

// https://geminicli.com/docs/tools/: those that ask for no confirmation.
constexpr std::array<std::string_view, 9> kReadingTools{"read_file",   "read_many_files",   "list_directory",
                                                        "glob",        "grep_search",       "search_file_content",
                                                        "write_todos", "google_web_search", "web_fetch"};

/// Text before a tool call is usually a remark. It is kept in case no text follows.
void read_tool_use(const Json& json, ParsedOutput& parsed) {
  take_draft(parsed);
  parsed.begin_draft();
  const std::string name = text_at(json, "/tool_name");
  const bool reads = std::find(kReadingTools.begin(), kReadingTools.end(), name) != kReadingTools.end();
  parsed.begin_tool(text_at(json, "/tool_id"), "using " + one_line(name, 40),
                    reads ? ToolUse::reads : ToolUse::may_write);
  if (!reads) parsed.add_written_file(text_at(json, "/parameters/file_path"));
}

void read_record(const Json& json, ParsedOutput& parsed) {
  if (parsed.complete) return;
  const std::string type = text_at(json, "/type");
  if (type == "init") {
    parsed.session_id = text_at(json, "/session_id");
    parsed.model = text_at(json, "/model");
  }
  const std::string role = text_at(json, "/role");
  if (type == "message" && (role == "assistant" || role == "model")) read_words(json, parsed);
  if (type == "tool_result" || type == "tool_use") forget_retries(parsed);
  if (type == "tool_result") parsed.end_tool(text_at(json, "/tool_id"));
  if (type == "tool_use") read_tool_use(json, parsed);
  const std::string message = text_at(json, "/message");
  if (type == "error" || type == "warning" || type == "retry")
    if (const auto notice = retry_notice(message)) return note_retry(parsed, *notice, failure_of(message));
  if (type == "error" && text_at(json, "/severity") == "error") {
    parsed.failure = failure_of(message);
    if (parsed.failure->outcome == Outcome::exited_nonzero) parsed.failure->outcome = Outcome::lost_result;
  }
  if (type == "result") read_result(json, parsed);
}

/// The exit codes that only the CLI itself uses: HTTP statuses, and 42 for a session that does not exist.
std::optional<Outcome> outcome_of_exit(int code) {
  if (code == 42) return Outcome::bad_request;
  for (const std::int64_t status : {401, 403, 429, 500, 503})
    if (code == (status & 0xFF)) return outcome_of_status(status);
  return std::nullopt;
}

constexpr Hint kHints[] = {
    {Outcome::not_installed, "npm install -g @google/gemini-cli", "Run npm install -g @google/gemini-cli."},
    {Outcome::unauthenticated, "run `{login} gemini` and sign in", kLoginNotice},
    {Outcome::unauthenticated, "run `gemini` and sign in, or set GEMINI_API_KEY", "Run gemini and sign in again."},
    {Outcome::blocked,
     "run `gemini` in this directory and trust it with /permissions, or run delegate in another one with -C"},
};

class Gemini final : public CliBackend {
 public:
  std::string_view kind() const override { return "gemini"; }
  Capabilities capabilities(const BackendSettings&) const override {
    return {Capability::read_files, Capability::write_files, Capability::run_commands, Capability::resume_sessions,
            Capability::stream};
  }
  Vendor vendor() const override { return Vendor::gemini; }
  bool enforces_read_only() const override { return true; }
  bool reports_tools() const override { return true; }

  OwnKeys own_keys(const Task& task) const override {
    OwnKeys own{.vendor = Service::google};
    if (is_switched_on(task, "GOOGLE_GENAI_USE_VERTEXAI") || is_switched_on(task, "GOOGLE_GENAI_USE_GCA"))
      own.switched_to.push_back(Service::vertex);
    return own;
  }

  tl::expected<Call, Failure> prepare(const Task& task, const std::vector<HttpResult>&) const override {
    ProcessCall call = start_call(task);
    const auto add = [&](std::initializer_list<std::string> words) { call.argv.insert(call.argv.end(), words); };
    add({"-o", "stream-json", "--skip-trust", "--approval-mode"});
    add({task.access == Access::write ? "yolo" : "default"});
    // No MCP servers: they cost seconds at start-up, and delegate itself may be one of them.
    add({"--allowed-mcp-server-names", "__none__"});
    if (!task.model.empty()) add({"-m", task.model});
    if (!task.session.empty()) add({"--resume", task.session});
    // NO_RELAUNCH: one process instead of two saves two seconds. TMPDIR: error reports, which may quote the prompt, go
    // to a directory that we remove.
    std::vector<std::string> own{"GEMINI_CLI_NO_RELAUNCH=true", std::string("TMPDIR=") + kScratch};
    for (std::string& variable : without_outer_log(task)) own.push_back(std::move(variable));
    call.env = child_environment(task, own_keys(task), own);
    call.directory_placeholder = kScratch;
    call.input = prompt_with_system(task);
    call.log = gemini_log(task);
    return call;
  }

  void read(ParsedOutput& parsed, const Task&, Stream stream, std::string_view line) const override {
    // The CLI reports its own retries on stderr: "Attempt 2 failed with status 500. Retrying …". After a rate limit, a
    // second line gives the wait. Left alone, it would try ten times, for more than four minutes.
    if (stream == Stream::log) return read_gemini_log(parsed, line);
    if (stream == Stream::err) return read_retry_line(parsed, vendor(), line, failure_of);
    if (parsed.complete) return;  // what follows the first result is not part of the answer
    for (const Json& record : take_records(parsed, line)) read_record(record, parsed);
  }

  std::optional<Failure> explain(const ParsedOutput& parsed, const Task& task, const RawOutput& raw) const override {
    if (raw.exit_code == 41) return Failure{Outcome::unauthenticated, one_line(raw.err), {}};
    if (raw.exit_code == 55) return Failure{Outcome::blocked, "the directory is not trusted by gemini", {}};
    // The structured error comes last on stderr, after the stack traces.
    const std::size_t tail = raw.err.rfind("\n{\n");
    const auto json = tail == std::string_view::npos ? std::nullopt : parse_object(raw.err.substr(tail));
    if (const std::string said = json ? text_at(*json, "/error/message") : std::string(); !said.empty())
      return failure_of(said);
    if (auto known = CliBackend::explain(parsed, task, raw)) return known;
    const auto outcome = outcome_of_exit(raw.exit_code);
    if (!outcome) return std::nullopt;
    return Failure{
        .outcome = *outcome, .message = last_error_line(raw.err), .is_callers_own = *outcome == Outcome::bad_request};
  }

  /// The files of a chat have the beginning of the session's id in their names.
  std::optional<SessionFiles> session_files(const ParsedOutput& parsed, const Task& task) const override {
    return files_of_session(directory_of_child(task, "GEMINI_CLI_HOME", ""), "/.gemini/tmp",
                            std::string_view(parsed.session_id).substr(0, 8));
  }

  LoginTraces login_traces(const Task& task) const override {
    const std::string home = directory_of_child(task, "GEMINI_CLI_HOME", "");
    return {.files = {home + "/.gemini/oauth_creds.json", home + "/.gemini/gemini-credentials.json",
                      home + "/.gemini/.env", home + "/.env"},
            .variables = {"GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_APPLICATION_CREDENTIALS",
                          "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA"},
            .doubtful = DoubtfulLogin{home + "/.gemini/oauth_creds.json",
                                      {"GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_APPLICATION_CREDENTIALS",
                                       "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT_ID"},
                                      kPersonalPlan,
                                      kSuccessor}};
  }

  std::span<const Hint> hints() const override { return kHints; }
};

}  // namespace

const Backend& gemini_backend() {
  static const Gemini backend;
  return backend;
}

}  // namespace delegate
