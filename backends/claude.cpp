#include "backends/kinds.hpp"

#include <algorithm>
#include <array>
#include <climits>

#include "backends/claude_quota.hpp"
#include "backends/cli_process.hpp"
#include "backends/error_facts.hpp"
#include "backends/error_meaning.hpp"
#include "backends/retry_notice.hpp"
#include "backends/words.hpp"
#include "core/base/json.hpp"
#include "core/base/pieces.hpp"

// Claude Code, headless: `claude -p --output-format stream-json`. One JSON object a line; the last one, of type
// "result", is the answer or the error. Observed with 2.1.329; parsed tolerantly.
namespace delegate {
namespace {

constexpr const char* kSystemFile = "{system_file}";
constexpr std::size_t kMostDenied = 8;

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

/// The cause of an error: by fields of the record and what the text says, then by the class of an earlier record.
/// Status 400 has many causes, and the class "server_error" also covers refused and dropped connections.
Failure failure_of_result(const Json& json, const std::string& text, std::optional<Outcome> named) {
  const auto status = integer_at(json, "/api_error_status");
  Failure failure = failure_of_words(Vendor::claude, text, named.value_or(Outcome::exited_nonzero), status);
  failure.is_recognised = failure.is_recognised || named.has_value();
  const bool by_class_alone = failure.outcome == Outcome::bad_request && !failure.is_recognised;
  if (named && by_class_alone) failure.outcome = *named;
  if (named == Outcome::quota_exhausted && failure.outcome == Outcome::rate_limited) failure.outcome = *named;
  if (const auto outcome = outcome_of_reason(text_at(json, "/terminal_reason"))) failure.outcome = *outcome;
  if (text_at(json, "/stop_reason") == "refusal") failure.outcome = Outcome::refused_by_policy;
  return failure;
}

/// "max_turns" as a person would say it.
std::string spoken_name(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

/// The errors of a run, in its words; an unknown session has no other text.
std::string errors_in(const Json& json) {
  std::vector<std::string> words;
  for (const Json& error : at(json, "/errors")) {
    std::string said = error.is_object() ? text_at(error, "/message") : text_of(error);
    if (!trim(said).empty()) words.push_back(std::move(said));
  }
  return join(words, "; ");
}

template <class List>
bool names_any(std::string_view text, const List& parts) {
  return std::any_of(parts.begin(), parts.end(), [&](auto part) { return text.find(part) != std::string_view::npos; });
}

/// Cut at the output limit, or at the end of the window.
bool is_at_limit(const Json& json) {
  const std::string stop = text_at(json, "/stop_reason");
  return stop == "max_tokens" || stop == "max_output_tokens" || stop == "model_context_window_exceeded";
}

// Reasons for an end before the work was done. Unknown reasons are no objection to an answer.
constexpr std::array<std::string_view, 14> kEndsBeforeTheEnd{"max_",  "abort",    "error",  "interrupt", "cancel",
                                                             "limit", "too_long", "budget", "tool_use",  "pause",
                                                             "fail",  "timeout",  "denied", "incomplete"};

/// Which field says that the run ended before its work was done; empty: none does.
std::string early_end(const Json& json) {
  std::string subtype = text_at(json, "/subtype");
  std::string reason = text_at(json, "/terminal_reason");
  std::string stop = text_at(json, "/stop_reason");
  const bool says_the_same = is_at_limit(json) && (reason == "max_tokens" || reason == "max_output_tokens");
  if (!says_the_same && names_any(reason, kEndsBeforeTheEnd)) return reason;
  if (!subtype.empty() && subtype != "success") return subtype;
  if (!is_at_limit(json) && names_any(stop, kEndsBeforeTheEnd)) return stop;
  return errors_in(json).empty() ? std::string() : "errors";
}

bool is_error(const Json& json) { return true_at(json, "/is_error") || text_at(json, "/is_error") == "true"; }

bool is_turn_limit(std::string_view reason) { return reason.find("max_turns") != std::string_view::npos; }

/// Why a run that did not finish ended, in one line.
std::string words_of_end(const Json& json, const std::string& reason) {
  if (std::string said = errors_in(json); !said.empty()) return said;
  const auto turns = integer_at(json, "/num_turns");
  const std::string after = turns ? " after " + std::to_string(*turns) + (*turns == 1 ? " turn" : " turns") : "";
  return "stopped" + after +
         (reason.empty() ? "" : " (" + spoken_name(reason.starts_with("error_") ? reason.substr(6) : reason) + ")");
}

/// A limit that was set for the run, or a tool that was not run, says nothing against the service.
std::optional<Outcome> outcome_of_early_end(const std::string& reason) {
  constexpr std::array<std::string_view, 4> kLimits{"max_", "budget", "tool_use", "pause"};
  if (names_any(reason, kLimits)) return Outcome::cut_short;
  return std::nullopt;
}

void read_failure(const Json& json, const std::string& reason, ParsedOutput& parsed) {
  std::string text = text_at(json, "/result");
  const bool is_stated = is_error(json) || reason.empty();  // else the text is what was said before the end
  const std::string subtype = text_at(json, "/subtype");
  const bool is_partial = !subtype.empty() && subtype != "success";  // what is in `result` then is what it had written
  if (trim(text).empty() || !is_stated || is_partial) text = words_of_end(json, reason);
  // That nothing was heard was only a guess at the cause of a retry.
  const bool guessed = parsed.failure && parsed.failure->retrying && parsed.failure->outcome == Outcome::unreachable;
  const bool is_named = parsed.failure && parsed.failure->is_recognised && !guessed;
  const auto named = is_named ? std::optional(parsed.failure->outcome) : std::nullopt;
  const auto retry_at = parsed.failure ? parsed.failure->retry_at : std::nullopt;
  Failure failure = failure_of_result(json, text, named);
  const auto early = outcome_of_early_end(reason);
  // A limit that was set for this run is none of the account, whatever its words.
  const bool is_of_run = reason.starts_with("error_max_") || is_turn_limit(reason);
  if (early && (!failure.is_recognised || is_of_run)) failure.outcome = *early, failure.hint.clear();
  failure.is_recognised = failure.is_recognised || !reason.empty();
  if (retry_at) failure.retry_at = retry_at;
  if (is_turn_limit(reason)) failure.hint = "raise --max-turns, or ask for less at a time";
  else if (failure.outcome == Outcome::cut_short && early) failure.hint = "ask again, for less at a time";
  parsed.failure = std::move(failure);
}

/// The result has no words but those of an error that an assistant record reported.
bool repeats_error(const std::string& text, const ParsedOutput& parsed) {
  if (!parsed.failure || parsed.failure->retrying) return false;
  return trim(text).empty() ? trim(parsed.text).empty() : one_line(text) == parsed.failure->message;
}

/// `subtype` says "success" on errors too; `is_error` is what counts, and whether the run came to its end.
void read_result(const Json& json, ParsedOutput& parsed) {
  const std::string reason = early_end(json);
  const bool is_refused = text_at(json, "/stop_reason") == "refusal";
  std::string text = valid_pieces(words_in(at(json, "/result")));
  note_unknown_shape(at(json, "/result"), parsed);
  if (is_error(json) || !reason.empty() || is_refused || repeats_error(text, parsed))
    return read_failure(json, reason, parsed);
  read_usage(json, parsed);
  read_denials(json, parsed);
  if (!trim(text).empty()) {
    parsed.text = std::move(text);
    parsed.text_is_stated = true;
  } else if (is_at_limit(json) && parsed.text_is_remark) {
    parsed.text.clear();  // otherwise an end without words does not erase what was said before
  }
  if (trim(parsed.text).empty() && !parsed.text_is_remark) parsed.text = parsed.draft;  // it came in pieces only
  parsed.complete = true;
  parsed.failure.reset();
  if (!is_at_limit(json)) return;
  parsed.truncation = "the answer was cut at the model's output limit";
  parsed.if_empty = Failure{Outcome::cut_short, "the model reached its output limit before it began to answer", {}};
}

/// The limit of a subscription: `rejected` with a time means that it is used up until then, without a time it is a rate
/// limit; `allowed` comes with every success.
void read_limit(const Json& json, ParsedOutput& parsed) {
  if (QuotaReading reading = quota_in_event(json); !reading.empty()) parsed.quota = std::move(reading);
  if (text_at(json, "/rate_limit_info/status") != "rejected") return;
  const auto resets_at = integer_at(json, "/rate_limit_info/resetsAt");
  if (resets_at && *resets_at > 0 && *resets_at < 1'000'000'000'000)
    parsed.failure = Failure{Outcome::quota_exhausted, "usage limit of the subscription reached", std::nullopt,
                             std::chrono::seconds(*resets_at)};
  else parsed.failure = Failure{Outcome::rate_limited, "the service is limiting requests", {}};
}

constexpr std::size_t kLongestTool = 40;

// https://code.claude.com/docs/en/settings#tools-available-to-claude: those that need no permission and start no agent.
constexpr std::array<std::string_view, 13> kReadingTools{
    "Read",       "Grep",       "Glob",       "LS",       "NotebookRead", "WebFetch",  "WebSearch",
    "BashOutput", "TaskCreate", "TaskUpdate", "TaskList", "TodoWrite",    "ToolSearch"};

std::string using_tool(const Json& json, const char* name) {
  return "using " + one_line(text_at(json, name), kLongestTool);
}

void begin_tool(const Json& block, ParsedOutput& parsed) {
  const std::string name = text_at(block, "/name");
  const bool reads = std::find(kReadingTools.begin(), kReadingTools.end(), name) != kReadingTools.end();
  parsed.begin_tool(text_at(block, "/id"), using_tool(block, "/name"), reads ? ToolUse::reads : ToolUse::may_write);
  if (reads) return;
  parsed.add_written_file(text_at(block, "/input/file_path"));
  parsed.add_written_file(text_at(block, "/input/notebook_path"));
}

/// The text of a message, whose parts may come as records of their own. A record that begins with all parts so far is
/// the whole message again.
void take_text(const Json& json, std::vector<std::string> parts, ParsedOutput& parsed) {
  const std::string id = text_at(json, "/message/id");
  std::vector<std::string>& known = parsed.message_parts;
  const bool is_whole = known.size() <= parts.size() && std::equal(known.begin(), known.end(), parts.begin());
  if (id.empty() || id != parsed.message_id || is_whole) parsed.text.clear(), known.clear();
  for (std::string& part : parts) {
    parsed.text += part;
    known.push_back(std::move(part));
  }
  parsed.message_id = id;
}

/// The CLI's own words in the place of a message.
bool is_synthetic(const Json& json) { return text_at(json, "/message/model") == "<synthetic>"; }

/// If a tool call follows a text, it was only a remark. Blank text replaces none, and announces no end. Messages of
/// sub-agents are ignored.
void read_words(const Json& json, ParsedOutput& parsed) {
  if (!text_at(json, "/parent_tool_use_id").empty() || !text_at(json, "/error").empty() || is_synthetic(json)) return;
  const Json& content = at(json, "/message/content");
  note_unknown_shape(content, parsed);
  std::vector<std::string> parts;
  if (content.is_string()) {
    parts.push_back(content.get<std::string>());
    parsed.end_announced = !trim(parts.front()).empty();
    if (parsed.end_announced) parsed.text_is_remark = false;
  }
  for (const Json& block : content.is_array() ? content : Json::array()) {
    const std::string type = text_at(block, "/type");
    std::string words = type == "text" ? text_at(block, "/text") : std::string();
    const bool speaks = !trim(words).empty();
    if (type == "tool_use") begin_tool(block, parsed);
    else parsed.doing.clear();
    if (speaks || type != "text") parsed.end_announced = speaks;
    if (speaks || type == "tool_use") parsed.text_is_remark = !speaks;
    if (!words.empty()) parts.push_back(std::move(words));
  }
  if (!trim(join(parts, "")).empty()) take_text(json, std::move(parts), parsed);
}

/// Tool results come as messages of the user; more output follows.
void read_results(const Json& json, ParsedOutput& parsed) {
  if (!text_at(json, "/parent_tool_use_id").empty()) return;
  parsed.end_announced = false;
  for (const Json& block : at(json, "/message/content"))
    if (text_at(block, "/type") == "tool_result") parsed.end_tool(text_at(block, "/tool_use_id"));
}

/// The words of an error may come again in the result record.
Failure failure_of_record(const Json& json) {
  const std::string words = text_at(json, "/message/content/0/text");
  if (const auto outcome = outcome_of_class(text_at(json, "/error"))) return {*outcome, one_line(words), {}};
  Failure failure = failure_of_words(Vendor::claude, words, Outcome::exited_nonzero);
  failure.message = one_line(words);
  return failure;
}

/// An earlier error was retried with success, unless this record is an error, too. A stated end of a limit is kept.
void read_assistant(const Json& json, ParsedOutput& parsed) {
  read_words(json, parsed);
  const bool is_error = !text_at(json, "/error").empty();
  if (!parsed.failure || !parsed.failure->retry_at) parsed.failure.reset();
  else if (is_error) parsed.failure->message = one_line(text_at(json, "/message/content/0/text"));
  if (is_error && !parsed.failure) parsed.failure = failure_of_record(json);
}

/// A turn begins with the user's prompt. Tool results are messages of the user, too, but not plain strings.
bool begins_a_turn(const Json& json) {
  return text_at(json, "/type") == "user" && at(json, "/message/content").is_string();
}

/// Messages of sub-agents, and errors that are stored like messages.
bool is_ignored(const Json& json) {
  return true_at(json, "/isSidechain") || true_at(json, "/isApiErrorMessage") || is_synthetic(json);
}

std::string directory_of(const Task& task) { return directory_of_child(task, "CLAUDE_CONFIG_DIR", "/.claude"); }

/// Without a class and a status there was no response at all.
Outcome outcome_of_retry(const std::string& name, std::optional<std::int64_t> status) {
  if (const auto by_class = outcome_of_class(name)) return *by_class;
  if (!status) return Outcome::unreachable;
  return outcome_of_status(*status).value_or(Outcome::exited_nonzero);
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
  RetryNotice notice{.pause = facts_in(dump(json)).retry_after, .is_own = true};
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
  const std::string text = piece_of(at(json, "/event/delta/text"));
  if (parsed.draft.size() < kLongestDraft) parsed.add_to_draft(text);
  if (!text.empty()) parsed.doing.clear();
}

void read_record(const Json& json, ParsedOutput& parsed) {
  if (parsed.complete) return;
  if (std::string id = text_at(json, "/session_id"); !id.empty()) parsed.session_id = std::move(id);
  const std::string type = text_at(json, "/type");
  if (type == "stream_event") return read_event(json, parsed);
  if (type == "result") return read_result(json, parsed);
  if (type == "rate_limit_event") return read_limit(json, parsed);
  if (type == "assistant") return read_assistant(json, parsed);
  if (type == "user") return read_results(json, parsed);
  if (type != "system") return;
  if (std::string model = text_at(json, "/model"); !model.empty()) parsed.model = std::move(model);
  if (text_at(json, "/subtype").find("retry") != std::string::npos) read_retry(json, parsed);
}

constexpr Hint kHints[] = {
    {Outcome::not_installed, "npm install -g @anthropic-ai/claude-code",
     "Run npm install -g @anthropic-ai/claude-code."},
    {Outcome::unauthenticated, "run `{login} claude` and sign in with /login", kLoginNotice},
    {Outcome::unauthenticated, "run `claude` and sign in with /login", "Run /login in claude."},
};

/// Variables that are used instead of the login that it keeps.
constexpr std::array kSignIns{"CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN",
                              "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX"};

class Claude final : public CliBackend {
 public:
  std::string_view kind() const override { return "claude"; }
  Capabilities capabilities(const BackendSettings&) const override {
    return {Capability::read_files,      Capability::write_files, Capability::run_commands,
            Capability::resume_sessions, Capability::stream,      Capability::take_schema};
  }
  Vendor vendor() const override { return Vendor::claude; }
  OwnKeys own_keys(const Task& task) const override {
    OwnKeys own{.sign_in = {"CLAUDE_CODE_OAUTH_TOKEN"}, .vendor = Service::anthropic};
    if (is_switched_on(task, "CLAUDE_CODE_USE_BEDROCK")) own.switched_to.push_back(Service::bedrock);
    if (is_switched_on(task, "CLAUDE_CODE_USE_VERTEX")) own.switched_to.push_back(Service::vertex);
    if (is_switched_on(task, "CLAUDE_CODE_USE_FOUNDRY")) own.switched_to.push_back(Service::foundry);
    return own;
  }
  bool enforces_read_only() const override { return true; }
  bool reports_tools() const override { return true; }
  bool reports_quota() const override { return true; }

  tl::expected<Call, Failure> prepare(const Task& task, const std::vector<HttpResult>&) const override {
    ProcessCall call = start_call(task);
    const auto add = [&](std::initializer_list<std::string> words) { call.argv.insert(call.argv.end(), words); };
    // acceptEdits has Edit, Write and NotebookEdit work below the directory; to allow them by name would be anywhere.
    // No MCP servers: they cost seconds at start-up, and one of them may be delegate itself.
    // Partial messages are for everybody: without them a long thought is a long silence.
    add({"-p", "--output-format", "stream-json", "--verbose", "--strict-mcp-config", "--include-partial-messages"});
    if (task.access == Access::read_only) add({"--tools", "Read,Grep,Glob"});
    else add({"--permission-mode", "acceptEdits", "--allowedTools", "Bash"});
    if (!task.model.empty()) add({"--model", task.model});
    if (!task.system.empty()) {
      add({"--append-system-prompt-file", kSystemFile});  // not in argv, which all users of the machine can read
      call.files.push_back({kSystemFile, task.system});
    }
    if (!task.session.empty()) add({"--resume", task.session});
    // Without this a resumed session keeps the system prompt of its first turn.
    if (!task.session.empty() && !task.system.empty()) add({"--system-prompt-snapshot", "off"});
    call.env = child_environment(
        task, own_keys(task),
        // One retry, because the first one renews an expired token.
        {"CLAUDE_CODE_MAX_RETRIES=1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1"});
    call.input = task.prompt;
    return call;
  }

  void read(ParsedOutput& parsed, const Task&, Stream stream, std::string_view line) const override {
    if (stream != Stream::out)
      return read_retry_line(parsed, vendor(), line, [](const std::string& words) {
        return failure_of_words(Vendor::claude, words, Outcome::exited_nonzero);
      });
    if (parsed.complete) return;  // the first end closes the answer
    for (const Json& record : take_records(parsed, line)) read_record(record, parsed);
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
      kept.unreadable += json || trim(line).empty() ? 0u : 1u;
      if (!json || is_ignored(*json)) continue;
      if (begins_a_turn(*json)) kept = ParsedOutput{};
      if (text_at(*json, "/type") == "user") kept.end_announced = false;
      if (text_at(*json, "/type") == "assistant") read_words(*json, kept);
    }
    if (kept.end_announced && kept.unreadable == 0) accept_recovered(parsed, std::move(kept.text));
  }

  std::optional<SessionFiles> session_files(const ParsedOutput& parsed, const Task& task) const override {
    return files_of_session(directory_of(task), "/projects", parsed.session_id);
  }

  /// In the directory that is set, or else beside the usual one.
  std::optional<AccountField> account_field(const Task& task) const override {
    const std::string directory = directory_of_child(task, "CLAUDE_CONFIG_DIR", "");
    for (const char* key : kSignIns)
      if (reaches_child(task, own_keys(task), key)) return std::nullopt;
    if (directory.empty()) return std::nullopt;
    return AccountField{directory + "/.claude.json", "/oauthAccount/accountUuid"};
  }

  LoginTraces login_traces(const Task& task) const override {
    return {.files = {directory_of(task) + "/.credentials.json"},
            .variables = std::vector<std::string>(kSignIns.begin(), kSignIns.end())};
  }

  std::span<const Hint> hints() const override { return kHints; }
};

}  // namespace

const Backend& claude_backend() {
  static const Claude backend;
  return backend;
}

}  // namespace delegate
