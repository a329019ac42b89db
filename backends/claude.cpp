#include "backends/kinds.hpp"

#include <algorithm>
#include <climits>

#include "backends/cli_process.hpp"
#include "backends/retry_notice.hpp"
#include "backends/signatures.hpp"
#include "core/base/json.hpp"

// Claude Code, headless: `claude -p --output-format stream-json`. One JSON object a line; the last one, of type
// "result", is the answer or the error. Observed with 2.1.329; parsed tolerantly.
namespace delegate {
namespace {

constexpr const char* kSystemFile = "{system_file}";
constexpr std::size_t kMostDenied = 8;
constexpr std::int64_t kLongestDelay = 366LL * 24 * 3600 * 1000;  // longer values are not times

// The CLI's own error class, on its assistant records and retry events.
std::optional<Outcome> outcome_of_class(std::string_view name) {
  if (name == "authentication_failed") return Outcome::unauthenticated;
  if (name == "billing_error") return Outcome::quota_exhausted;
  if (name == "rate_limit") return Outcome::rate_limited;
  if (name == "model_not_found") return Outcome::model_rejected;
  if (name == "overloaded") return Outcome::overloaded;
  if (name == "server_error") return Outcome::server_error;
  return std::nullopt;
}

std::optional<Outcome> outcome_of_reason(std::string_view reason) {
  if (reason == "prompt_too_long" || reason == "blocking_limit") return Outcome::context_too_long;
  return std::nullopt;
}

constexpr Signature kWords[] = {
    {R"(\bhit your .{0,24}limit\b|\busage limit reached\b|exceed your account's rate limit)", Outcome::quota_exhausted},
    {R"(\btemporarily limiting requests\b)", Outcome::rate_limited},
    {R"(^api error: .{0,80}\bresponse exceeded the \d+ output token maximum)", Outcome::cut_short},
    {R"(^api error: api returned an empty or malformed response)", Outcome::bad_output},
};

void read_usage(const Json& json, ParsedOutput& parsed) {
  parsed.usage.input_tokens = integer_at(json, "/usage/input_tokens");
  parsed.usage.output_tokens = integer_at(json, "/usage/output_tokens");
  parsed.usage.cost_usd = number_at(json, "/total_cost_usd");
  const Json& models = at(json, "/modelUsage");
  if (models.is_object() && models.size() == 1) parsed.model = models.begin().key();
}

/// Each tool once, however often it was denied.
void read_denials(const Json& json, ParsedOutput& parsed) {
  const Json& denials = at(json, "/permission_denials");
  if (!denials.is_array()) return;
  for (const Json& denial : denials) {
    const std::string tool = one_line(text_at(denial, "/tool_name"), 40);
    const bool known = std::find(parsed.denied.begin(), parsed.denied.end(), tool) != parsed.denied.end();
    if (!tool.empty() && !known && parsed.denied.size() < kMostDenied) parsed.denied.push_back(tool);
  }
}

/// The cause of an error: by fields of the record, then by the class of an earlier record, then by its text. Status 400
/// has many causes, and the class "server_error" also covers refused and dropped connections.
std::optional<Outcome> outcome_of_result(const Json& json, const std::string& text, std::optional<Outcome> named) {
  if (text_at(json, "/stop_reason") == "refusal") return Outcome::refused_by_policy;
  if (const auto outcome = outcome_of_reason(text_at(json, "/terminal_reason"))) return outcome;
  if (const auto outcome = match(kWords, text)) return outcome;  // a used-up window is a status 429, too
  if (named && named != Outcome::server_error) return named;
  const auto status = integer_at(json, "/api_error_status");
  const auto by_status = status ? outcome_of_status(*status) : std::nullopt;
  if (by_status && status != 400) return by_status;
  if (const auto outcome = match(common_signatures(), text)) return outcome;
  return by_status ? by_status : named;
}

/// `subtype` says "success" on errors too; `is_error` is what counts.
void read_result(const Json& json, ParsedOutput& parsed) {
  std::string text = text_at(json, "/result");
  if (text.empty()) text = text_at(json, "/errors/0");  // an unknown session has no result
  if (!true_at(json, "/is_error")) {
    read_usage(json, parsed);
    read_denials(json, parsed);
    parsed.text = text;
    parsed.complete = true;
    parsed.failure.reset();
    return;
  }
  // That nothing was heard was only a guess at the cause of a retry.
  const bool guessed = parsed.failure && parsed.failure->retrying && parsed.failure->outcome == Outcome::unreachable;
  const auto named = parsed.failure && !guessed ? std::optional(parsed.failure->outcome) : std::nullopt;
  const auto outcome = outcome_of_result(json, text, named);
  const auto retry_at = parsed.failure ? parsed.failure->retry_at : std::nullopt;
  parsed.failure = Failure{outcome.value_or(Outcome::exited_nonzero), one_line(text), stated_wait(text), retry_at};
}

/// The limit of a subscription: `rejected` with a time means that it is used up until then, without a time it is a rate
/// limit; `allowed` comes with every success.
void read_limit(const Json& json, ParsedOutput& parsed) {
  if (text_at(json, "/rate_limit_info/status") != "rejected") return;
  const auto resets_at = integer_at(json, "/rate_limit_info/resetsAt");
  if (resets_at && *resets_at > 0 && *resets_at < 1'000'000'000'000)
    parsed.failure = Failure{Outcome::quota_exhausted, "usage limit of the subscription reached", std::nullopt,
                             std::chrono::seconds(*resets_at)};
  else parsed.failure = Failure{Outcome::rate_limited, "the service is limiting requests", {}};
}

constexpr std::size_t kLongestTool = 40;

std::string using_tool(const Json& json, const char* name) {
  return "using " + one_line(text_at(json, name), kLongestTool);
}

/// The text of a message. If a tool call follows, it was only a remark. Messages of sub-agents are ignored.
void read_words(const Json& json, ParsedOutput& parsed) {
  if (!text_at(json, "/parent_tool_use_id").empty() || !text_at(json, "/error").empty()) return;
  parsed.end_announced = false;
  const Json& content = at(json, "/message/content");
  if (!content.is_array()) return;
  for (const Json& block : content) {
    const std::string type = text_at(block, "/type");
    if (type == "text") parsed.text = text_at(block, "/text");
    if (type == "tool_use") parsed.begin_tool(text_at(block, "/id"), using_tool(block, "/name"));
    else parsed.doing.clear();
    parsed.end_announced = type == "text";
  }
}

/// Tool results come as messages of the user; more output follows.
void read_results(const Json& json, ParsedOutput& parsed) {
  if (!text_at(json, "/parent_tool_use_id").empty()) return;
  parsed.end_announced = false;
  for (const Json& block : at(json, "/message/content"))
    if (text_at(block, "/type") == "tool_result") parsed.end_tool(text_at(block, "/tool_use_id"));
}

/// The text of an error follows in the result record; a stated end of a limit is kept.
void read_assistant(const Json& json, ParsedOutput& parsed) {
  read_words(json, parsed);
  if (parsed.failure && parsed.failure->retry_at) return;
  parsed.failure.reset();  // an earlier error was retried with success, unless this record is an error, too
  if (const auto outcome = outcome_of_class(text_at(json, "/error")))
    parsed.failure = Failure{*outcome, one_line(text_at(json, "/message/content/0/text")), {}};
}

/// A turn begins with the user's prompt. Tool results are messages of the user, too, but not plain strings.
bool begins_a_turn(const Json& json) {
  return text_at(json, "/type") == "user" && at(json, "/message/content").is_string();
}

/// Messages of sub-agents, and errors that are stored like messages.
bool is_ignored(const Json& json) {
  return true_at(json, "/isSidechain") || true_at(json, "/isApiErrorMessage") ||
         text_at(json, "/message/model") == "<synthetic>";
}

std::string directory_of(const Task& task) { return directory_of_child(task, "CLAUDE_CONFIG_DIR", "/.claude"); }

/// Without a class and a status there was no response at all.
Outcome outcome_of_retry(const std::string& name, std::optional<std::int64_t> status) {
  if (const auto by_class = outcome_of_class(name)) return *by_class;
  if (!status) return Outcome::unreachable;
  if (const auto by_status = outcome_of_status(*status)) return *by_status;
  return *status >= 500 ? Outcome::server_error : Outcome::exited_nonzero;
}

/// The pause before the next try, whatever its unit.
milliseconds pause_of(const Json& json) {
  const auto delay = [&](const char* field) { return integer_at(json, field).value_or(0); };
  std::int64_t ms = 0;
  for (const char* field : {"/retry_delay_ms", "/retry_after_ms", "/retry_in_ms", "/delay_ms"})
    ms = std::max(ms, delay(field));
  for (const char* field : {"/retry_delay", "/retry_after", "/retry_delay_seconds", "/retry_after_seconds"})
    ms = std::max(ms, std::clamp<std::int64_t>(delay(field), 0, kLongestDelay / 1000) * 1000);
  return milliseconds(std::min(ms, kLongestDelay));
}

/// Retries of the CLI itself, which would go on for three minutes, even with a refused sign-in.
void read_retry(const Json& json, ParsedOutput& parsed) {
  const std::string name = text_at(json, "/error");
  const auto status = integer_at(json, "/error_status");
  const Outcome outcome = outcome_of_retry(name, status);
  const auto attempt = integer_at(json, "/attempt");
  std::string words = "the service says " + one_line(name) + (status ? ", status " + std::to_string(*status) : "");
  if (outcome == Outcome::unreachable) words = "no response from the service";
  if (outcome == Outcome::unauthenticated) words = "sign-in refused by the service";
  RetryNotice notice{.pause = pause_of(json)};
  if (attempt) notice.failures = static_cast<int>(std::clamp<std::int64_t>(*attempt, 1, INT_MAX));
  note_retry(parsed, notice, Failure{outcome, words, {}});
}

/// A draft is only for a person's eyes: the answer is in the message itself, so what is too long may be left out.
constexpr std::size_t kLongestDraft = 4u << 20;

/// Parts of the message that is being written. A message may end with a tool call; only the last message
/// is the answer. Messages of sub-agents are ignored.
void read_event(const Json& json, ParsedOutput& parsed) {
  if (!text_at(json, "/parent_tool_use_id").empty()) return;
  const std::string type = text_at(json, "/event/type");
  if (type == "message_start") parsed.begin_draft();
  if (type == "content_block_start" && text_at(json, "/event/content_block/type") == "tool_use")
    parsed.doing = using_tool(json, "/event/content_block/name");
  if (type != "content_block_delta") return;
  const std::string text = text_at(json, "/event/delta/text");
  parsed.draft.append(text, 0, kLongestDraft - parsed.draft.size());
  if (!text.empty()) parsed.doing.clear();
}

constexpr Hint kHints[] = {
    {Outcome::not_installed, "npm install -g @anthropic-ai/claude-code"},
    {Outcome::unauthenticated, "run `{login} claude` and sign in with /login"},
    {Outcome::unauthenticated,
     "run `claude` and sign in with /login; ANTHROPIC_API_KEY is set but kept from it, so that it does not bill the "
     "API account: to use it, set backends.{name}.env.keep = [\"ANTHROPIC_API_KEY\"]",
     "ANTHROPIC_API_KEY"},
    {Outcome::unauthenticated, "run `claude` and sign in with /login"},
};

class Claude final : public CliBackend {
 public:
  std::string_view kind() const override { return "claude"; }
  bool enforces_read_only() const override { return true; }

  tl::expected<Call, Failure> prepare(const Task& task, const std::vector<HttpResult>&) const override {
    ProcessCall call = start_call(task);
    const auto add = [&](std::initializer_list<std::string> words) { call.argv.insert(call.argv.end(), words); };
    // No MCP servers: they cost seconds at start-up, and one of them may be delegate itself.
    // Partial messages are for everybody: without them a long thought is a long silence.
    add({"-p", "--output-format", "stream-json", "--verbose", "--strict-mcp-config", "--include-partial-messages"});
    if (task.access == Access::read_only) add({"--tools", "Read,Grep,Glob"});
    else add({"--permission-mode", "acceptEdits", "--allowedTools", "Bash,Edit,Write,NotebookEdit"});
    if (!task.model.empty()) add({"--model", task.model});
    if (!task.system.empty()) {
      add({"--append-system-prompt-file", kSystemFile});  // not in argv, which all users of the machine can read
      call.files.push_back({kSystemFile, task.system});
    }
    if (!task.session.empty()) add({"--resume", task.session});
    // Without this a resumed session keeps the system prompt of its first turn.
    if (!task.session.empty() && !task.system.empty()) add({"--system-prompt-snapshot", "off"});
    call.env = child_environment(
        task, {"CLAUDE_CODE_OAUTH_TOKEN"},
        // One retry, because the first one renews an expired token.
        {"CLAUDE_CODE_MAX_RETRIES=1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1"});
    call.input = task.prompt;
    return call;
  }

  void read(ParsedOutput& parsed, const Task&, Stream stream, std::string_view line) const override {
    if (stream != Stream::out) return read_retry_line(parsed, line, failure_of_line);
    const auto json = parse_object(line);
    if (!json) return;
    if (std::string id = text_at(*json, "/session_id"); !id.empty()) parsed.session_id = std::move(id);
    const std::string type = text_at(*json, "/type");
    if (type == "stream_event") return read_event(*json, parsed);
    if (type == "result") return read_result(*json, parsed);
    if (type == "rate_limit_event") return read_limit(*json, parsed);
    if (type == "assistant") return read_assistant(*json, parsed);
    if (type == "user") return read_results(*json, parsed);
    if (type != "system") return;
    if (std::string model = text_at(*json, "/model"); !model.empty()) parsed.model = std::move(model);
    if (text_at(*json, "/subtype").find("retry") != std::string::npos) read_retry(*json, parsed);
  }

  /// Its session file: one record per line, as in its output.
  std::optional<TranscriptFile> transcript(const ParsedOutput& parsed, const Task& task) const override {
    const std::string directory = directory_of(task);
    const bool is_name = parsed.session_id.find('/') == std::string::npos;
    // In a resumed session the answer of an earlier turn could be mistaken for the answer of this one.
    if (directory.empty() || parsed.session_id.empty() || !is_name || !task.session.empty()) return std::nullopt;
    return TranscriptFile{directory + "/projects", parsed.session_id + ".jsonl"};
  }
  void recover(ParsedOutput& parsed, std::string_view transcript) const override {
    ParsedOutput kept;
    for (const std::string_view line : split(transcript, '\n')) {
      const auto json = parse_object(line);
      if (!json || is_ignored(*json)) continue;
      if (begins_a_turn(*json)) kept = ParsedOutput{};
      if (text_at(*json, "/type") == "user") kept.end_announced = false;
      if (text_at(*json, "/type") == "assistant") read_words(*json, kept);
    }
    if (kept.end_announced) accept_unfinished(parsed, std::move(kept.text));
  }

  std::optional<SessionFiles> session_files(const ParsedOutput& parsed, const Task& task) const override {
    return files_of_session(directory_of(task), "/projects", parsed.session_id);
  }

  LoginTraces login_traces(const Task& task) const override {
    return {.files = {directory_of(task) + "/.credentials.json"},
            .variables = {"CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN",
                          "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX"}};
  }

  std::span<const Hint> hints() const override { return kHints; }
};

}  // namespace

const Backend& claude_backend() {
  static const Claude backend;
  return backend;
}

}  // namespace delegate
