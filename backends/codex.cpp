#include "backends/kinds.hpp"

#include <algorithm>
#include <array>

#include "backends/cli_process.hpp"
#include "backends/codex_quota.hpp"
#include "backends/error_meaning.hpp"
#include "backends/retry_notice.hpp"
#include "backends/signatures.hpp"
#include "backends/words.hpp"
#include "core/base/json.hpp"
#include "core/base/pieces.hpp"
#include "core/run/error_lines.hpp"
#include "core/run/pattern.hpp"

// Codex, headless: `codex exec --json`. Events as JSON lines; the answer is the last agent message before
// turn.completed. Errors have no status field, only text. Observed with 0.169.0; parsed tolerantly.
namespace delegate {
namespace {

Failure failure_of(const std::string& message) {
  return failure_of_words(Vendor::codex, message, Outcome::exited_nonzero);
}

/// Codex repeats a request four times before it reports one of these. It never reports how long it waits for a rate
/// limit.
constexpr const char* kReportedLate =
    R"(^exceeded retry limit|^unexpected status 5\d\d|^We.re currently experiencing high demand)"
    R"(|^(stream disconnected before completion: )?error sending request)";
/// These are reported for each try. Other errors may come from a blocked WebSocket: after the fifth one codex switches
/// to HTTPS, which works.
constexpr const char* kReportedImmediately =
    R"(^unexpected status|^stream disconnected before completion: (Transport error|An error|stream closed|Connection refused))";

/// Codex itself pauses for less.
constexpr milliseconds kOwnPause{10'000};
/// What only the service itself can say, not something that stands in the way of a WebSocket.
constexpr std::array kOfTheService{Outcome::rate_limited,      Outcome::quota_exhausted,  Outcome::overloaded,
                                   Outcome::refused_by_policy, Outcome::context_too_long, Outcome::unreachable};

bool may_be_the_websocket(const std::string& words, Outcome outcome) {
  if (!matches(R"((?i)\bstream disconnected\b|websocket|http error: \d)", words)) return false;
  if (matches(kReportedImmediately, words) || matches(kReportedLate, words)) return false;
  const bool handshake = matches(R"((?i)\bHTTP error: \d)", words);
  return handshake || std::find(kOfTheService.begin(), kOfTheService.end(), outcome) == kOfTheService.end();
}

/// "Reconnecting... 2/5 (unexpected status 401 …)", "Reconnecting... waiting for network (…)": retries of codex itself.
/// The reason is in the parentheses, if there are any. On stderr other programs write, too.
bool read_retry(const std::string& message, Stream stream, ParsedOutput& parsed) {
  auto notice = retry_notice(message);
  if (!notice) return false;
  std::string words = captured(R"(^[^(]*\(([\s\S]*)\)\s*$)", message);
  if (words.empty()) words = captured(R"(^(?:stream error: )?([\s\S]*?)(?:; retrying [\s\S]*)?$)", message);
  Failure failure = failure_of(words);
  if (stream == Stream::err && !concerns_service(*notice, Vendor::codex, message, failure.outcome)) return false;
  if (failure.outcome == Outcome::exited_nonzero && notice->forever) failure.outcome = Outcome::unreachable;
  const bool waits = notice->forever || notice->pause.value_or(milliseconds(0)) > kOwnPause;
  if (!waits && may_be_the_websocket(words, failure.outcome)) {
    if (failure.outcome != Outcome::exited_nonzero) parsed.failure = std::move(failure);
    return true;
  }
  if (matches(kReportedLate, words)) notice->failures = 5;
  note_retry(parsed, *notice, std::move(failure));
  return true;
}

/// codex opens its WebSocket in advance, and goes on without it. But a host that this machine cannot find for a
/// WebSocket cannot be found for HTTPS either; codex itself reports that after fifteen seconds.
constexpr const char* kUnknownHost = R"(\bprewarm setup failed: (.*\bfailed to lookup address information\b.*))";
/// What codex logs by itself, and the line above.
constexpr const char* kLog = "RUST_LOG=error,codex_core::session::startup_prewarm=warn";

void read_log(std::string_view line, ParsedOutput& parsed) {
  const std::string words(trim(line));
  const std::string unknown_host = captured(kUnknownHost, words);
  if (!unknown_host.empty()) note_retry(parsed, {.failures = 2}, failure_of(unknown_host));
  else static_cast<void>(read_retry(words, Stream::err, parsed));
}

void read_error(const std::string& message, ParsedOutput& parsed) {
  if (read_retry(message, Stream::out, parsed)) return;
  Failure failure = failure_of(message);
  if (failure.outcome != Outcome::exited_nonzero) parsed.failure = std::move(failure);
}

/// The current activity, in words for people.
std::string doing_of(const Json& event) {
  const std::string item = text_at(event, "/item/type");
  if (item == "command_execution") return "running a command";
  if (item == "file_change") return "changing files";
  if (item == "web_search") return "searching the web";
  if (item == "mcp_tool_call") return "using " + one_line(text_at(event, "/item/tool"), 40);
  return {};
}

/// Its own words and plans, and what it looks up. Any other item may change something.
constexpr std::array<std::string_view, 6> kReadingItems{"agent_message", "reasoning", "web_search",
                                                        "todo_list",     "error",     "user_message"};

/// An item may come whole, without a record of its beginning.
void read_tool(const Json& event, const std::string& type, ParsedOutput& parsed) {
  const std::string item = text_at(event, "/item/type");
  const bool reads = std::find(kReadingItems.begin(), kReadingItems.end(), item) != kReadingItems.end();
  const std::string doing = type == "item.started" ? doing_of(event) : std::string();
  if (!doing.empty()) parsed.begin_tool(text_at(event, "/item/id"), doing, reads ? ToolUse::reads : ToolUse::may_write);
  parsed.may_have_written = parsed.may_have_written || !reads;
  if (type == "item.completed") parsed.end_tool(text_at(event, "/item/id"));
  for (const Json& change : at(event, "/item/changes")) parsed.add_written_file(text_at(change, "/path"));
}

/// A turn may also be ended from outside.
bool is_broken_off(const Json& event) {
  for (const char* place : {"/status", "/turn/status"})
    for (const std::string_view word : {"interrupted", "aborted", "failed", "cancelled"})
      if (text_at(event, place) == word) return true;
  return text_at(event, "/type") == "turn.aborted" || text_at(event, "/type") == "turn.interrupted";
}

Failure broken_off(const Json& event) {
  for (const char* place : {"/error/message", "/turn/error/message", "/reason"})
    if (const std::string said = text_at(event, place); !said.empty()) return failure_of(said);
  return {Outcome::exited_nonzero, "its turn was broken off before it was complete", {}};
}

void read_turn_end(const Json& event, const Task& task, ParsedOutput& parsed) {
  parsed.failure.reset();  // errors before it were retried with success
  parsed.complete = true;
  if (!task.session.empty()) return;  // in a resumed thread this is the sum of all turns
  parsed.usage.input_tokens = integer_at(event, "/usage/input_tokens");
  parsed.usage.output_tokens = integer_at(event, "/usage/output_tokens");
}

/// A message that is still being written counts, too: its last state may be all that is sent of it.
void read_message(const Json& item, bool is_whole, ParsedOutput& parsed) {
  const std::string words = text_at(item, "/type") == "agent_message" ? valid_pieces(words_in(item)) : std::string();
  const bool speaks = !trim(words).empty();  // a blank message replaces none
  if (speaks) parsed.text = words;
  else if (text_at(item, "/type") == "agent_message") note_unknown_shape(item, parsed);
  const std::string type = text_at(item, "/type");
  const bool is_beside = type == "error" || type == "reasoning";  // a notice, which ends no answer
  if (!is_beside) parsed.end_announced = speaks && is_whole;
}

void read_record(const Json& event, const Task& task, ParsedOutput& parsed) {
  if (parsed.complete) return;
  const std::string type = text_at(event, "/type");
  if (type == "thread.started") parsed.session_id = text_at(event, "/thread_id");
  if (type.starts_with("item.")) read_tool(event, type, parsed);
  if (type.starts_with("item.") && text_at(event, "/item/type") != "error") forget_retries(parsed);
  if (type == "turn.started") parsed.end_announced = false;
  // A patch is reported when it has been applied.
  if (type.starts_with("turn.")) parsed.may_write_unseen = type == "turn.started";
  if (type.starts_with("item.")) read_message(at(event, "/item"), type == "item.completed", parsed);
  if (type.ends_with("error") || type.find("retry") != std::string::npos)
    read_error(text_at(event, "/message"), parsed);
  if (type == "turn.failed") parsed.failure = failure_of(text_at(event, "/error/message"));
  if (is_broken_off(event)) parsed.failure = broken_off(event);
  else if (type == "turn.completed") read_turn_end(event, task, parsed);
}

constexpr const char* kScratch = "{scratch}";
constexpr const char* kAnswerFile = "answer";

constexpr Hint kHints[] = {
    {Outcome::not_installed, "npm install -g @openai/codex", "Run npm install -g @openai/codex."},
    {Outcome::unauthenticated, "{login} codex login", kLoginNotice},
    {Outcome::unauthenticated, "codex login", "Run codex login."},
};

std::string directory_of_codex(const Task& task) { return directory_of_child(task, "CODEX_HOME", "/.codex"); }

class Codex final : public CliBackend {
 public:
  std::string_view kind() const override { return "codex"; }
  Capabilities capabilities(const BackendSettings&) const override {  // it prints its answer when that is complete
    return {Capability::read_files, Capability::write_files, Capability::run_commands, Capability::resume_sessions,
            Capability::take_schema};
  }
  Vendor vendor() const override { return Vendor::codex; }
  OwnKeys own_keys(const Task&) const override { return {.vendor = Service::openai}; }
  bool enforces_read_only() const override { return true; }
  bool reports_tools() const override { return true; }
  bool reports_quota() const override { return true; }
  bool confines_writes() const override { return true; }

  tl::expected<Call, Failure> prepare(const Task& task, const std::vector<HttpResult>&) const override {
    ProcessCall call = start_call(task);
    const auto add = [&](std::initializer_list<std::string> words) { call.argv.insert(call.argv.end(), words); };
    add({"exec", "--json", "--skip-git-repo-check"});
    add({"--sandbox", task.access == Access::read_only ? "read-only" : "workspace-write"});
    add({"-c", "analytics.enabled=false"});  // otherwise the process lingers for seconds after the turn
    const auto place = static_cast<std::ptrdiff_t>(call.argv.size());
    if (!task.model.empty()) add({"-m", task.model});
    if (!task.effort.empty()) add({"-c", "model_reasoning_effort=\"" + task.effort + "\""});
    if (!task.session.empty()) add({"resume", task.session});  // has no --sandbox option: that one comes before it
    add({"-"});
    const bool has_own_log = task.environment.contains("RUST_LOG");
    call.env = child_environment(task, own_keys(task),
                                 has_own_log ? std::vector<std::string>{} : std::vector<std::string>{kLog});
    // The file with the last message helps when output is lost; without a directory for it the call still works.
    call.argv_without_directory = call.argv;
    call.argv.insert(call.argv.begin() + place, {"-o", std::string(kScratch) + "/" + kAnswerFile});
    call.directory_placeholder = kScratch;
    call.input = prompt_with_system(task);
    return call;
  }

  /// Which models exist depends on the account; the reasoning effort works with all of them.
  bool choose(Task& task, Tier tier) const override {
    task.effort = tier_setting(task.settings, tier);
    return !task.effort.empty();
  }

  void read(ParsedOutput& parsed, const Task& task, Stream stream, std::string_view line) const override {
    if (parsed.complete) return;  // the first end closes the answer
    if (stream == Stream::out)
      for (const Json& record : take_records(parsed, line)) read_record(record, task, parsed);
    else read_log(line, parsed);
  }

  /// With its log on stderr, an error that it prints nowhere else stands there.
  std::optional<Failure> explain(const ParsedOutput& parsed, const Task& task, const RawOutput& raw) const override {
    constexpr std::array<std::string_view, 3> kOwnModules{"codex_core", "codex_api", "codex_exec"};
    if (auto known = CliBackend::explain(parsed, task, raw)) return known;
    return meaning_of_lines(vendor(), logged_errors(raw.err, kOwnModules));
  }

  /// Codex writes its last message there itself, and nothing after a failure.
  std::optional<TranscriptFile> transcript(const ParsedOutput&, const Task&) const override {
    return TranscriptFile{{}, kAnswerFile};
  }
  void recover(ParsedOutput& parsed, std::string_view transcript) const override {
    accept_recovered(parsed, valid_utf8(transcript));
  }

  std::optional<SessionFiles> session_files(const ParsedOutput& parsed, const Task& task) const override {
    return files_of_session(directory_of_codex(task), "/sessions", parsed.session_id);
  }

  std::optional<SessionFiles> quota_files(const ParsedOutput& parsed, const Task& task) const override {
    return session_files(parsed, task);
  }
  std::optional<QuotaReading> quota_of_record(std::string_view line, milliseconds since) const override {
    return quota_in_rollout(line, since);
  }

  std::optional<ProcessCall> quota_query(const Task& task) const override {
    ProcessCall call = start_call(task);
    call.argv.emplace_back("app-server");
    call.env = child_environment(task, own_keys(task));
    call.input = quota_request_to_app_server();
    return call;
  }
  std::optional<QuotaReading> quota_of_answer(std::string_view out, milliseconds now) const override {
    return quota_in_app_server(out, now);
  }

  std::optional<AccountField> account_field(const Task& task) const override {
    if (reaches_child(task, own_keys(task), "CODEX_API_KEY")) return std::nullopt;
    const std::string directory = directory_of_codex(task);
    return directory.empty() ? std::nullopt
                             : std::optional(AccountField{directory + "/auth.json", "/tokens/account_id"});
  }

  LoginTraces login_traces(const Task& task) const override {
    return {.files = {directory_of_codex(task) + "/auth.json"}, .variables = {"CODEX_API_KEY", "OPENAI_API_KEY"}};
  }

  std::span<const Hint> hints() const override { return kHints; }
};

}  // namespace

const Backend& codex_backend() {
  static const Codex backend;
  return backend;
}

}  // namespace delegate
