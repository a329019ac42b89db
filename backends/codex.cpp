#include "backends/codex.hpp"

#include "backends/cli_process.hpp"
#include "backends/json.hpp"
#include "backends/signatures.hpp"

// Codex, headless: `codex exec --json`. Events as JSON lines; the answer is the last agent message before
// turn.completed. Errors carry no status, only words. Observed with 0.169.0; parsed tolerantly.
namespace delegate {
namespace {

Problem problem_of(const std::string& message) {
  const auto outcome = match(common_signatures(), message);
  return {outcome.value_or(Outcome::exited_nonzero), one_line(message), stated_wait(message)};
}

/// "Reconnecting... 2/5 (unexpected status 401 …)": the CLI's own retries. A sign-in failure does not heal by retrying,
/// and for a network it would wait for ever.
void read_error(const std::string& message, Reading& reading) {
  const Problem problem = problem_of(message);
  if (problem.outcome == Outcome::exited_nonzero) return;
  reading.problem = problem;
  const bool retrying = message.starts_with("Reconnecting...") && !message.starts_with("Reconnecting... 1/");
  if (retrying && problem.outcome == Outcome::unauthenticated) reading.hopeless = true;
  if (message.starts_with("Reconnecting... waiting for network")) reading.hopeless = true;
}

/// What a person would call it.
std::string doing_of(const std::string& item) {
  if (item == "command_execution") return "running a command";
  if (item == "file_change") return "changing files";
  if (item == "web_search") return "searching the web";
  return {};
}

constexpr const char* kScratch = "{scratch}";
constexpr const char* kAnswerFile = "answer";

constexpr Hint kHints[] = {
    {Outcome::not_installed, "npm install -g @openai/codex"},
    {Outcome::unauthenticated, "{login} codex login"},
    {Outcome::unauthenticated,
     "codex login; CODEX_API_KEY is set but kept from it: to use it, set backends.{name}.env.keep = "
     "[\"CODEX_API_KEY\"]",
     "CODEX_API_KEY"},
    {Outcome::unauthenticated, "codex login"},
};

class Codex final : public CliBackend {
 public:
  std::string_view kind() const override { return "codex"; }

  tl::expected<Call, Problem> prepare(const Task& task, const std::vector<HttpResult>&) const override {
    ProcessCall call = start_call(task);
    const auto add = [&](std::initializer_list<std::string> words) { call.argv.insert(call.argv.end(), words); };
    add({"exec", "--json", "--skip-git-repo-check"});
    add({"--sandbox", task.access == Access::read_only ? "read-only" : "workspace-write"});
    add({"-c", "analytics.enabled=false"});  // else it lingers for seconds after the end of the turn
    add({"-o", std::string(kScratch) + "/" + kAnswerFile});
    if (!task.model.empty()) add({"-m", task.model});
    if (!task.effort.empty()) add({"-c", "model_reasoning_effort=\"" + task.effort + "\""});
    if (!task.session.empty()) add({"resume", task.session});  // has no --sandbox of its own: it stands before
    add({"-"});
    call.env = child_environment(task);
    call.directory_placeholder = kScratch;
    call.input = prompt_with_system(task);
    return call;
  }

  /// The account decides which models there are; what every one of them has is an effort.
  bool choose(Task& task, Tier tier) const override {
    task.effort = tier_setting(task.settings, tier);
    return !task.effort.empty();
  }

  void read(Reading& reading, const Task& task, Stream stream, std::string_view line) const override {
    if (stream != Stream::out) return;
    const auto json = parse_object(line);
    if (!json) return;
    const std::string type = text_at(*json, "/type");
    if (type == "thread.started") reading.session_id = text_at(*json, "/thread_id");
    if (type == "item.started") reading.doing = doing_of(text_at(*json, "/item/type"));
    if (type == "item.completed") reading.doing.clear();
    const bool speaks = type == "item.completed" && text_at(*json, "/item/type") == "agent_message";
    if (speaks) reading.text = text_at(*json, "/item/text");
    if (type.starts_with("item.") || type == "turn.started") reading.end_announced = speaks;
    if (type == "error") read_error(text_at(*json, "/message"), reading);
    if (type == "turn.failed") reading.problem = problem_of(text_at(*json, "/error/message"));
    if (type != "turn.completed") return;
    reading.problem.reset();  // errors before it were retried with success
    reading.complete = true;
    if (!task.session.empty()) return;  // of a resumed thread it is the sum of all turns, not of this one
    reading.usage.input_tokens = integer_at(*json, "/usage/input_tokens");
    reading.usage.output_tokens = integer_at(*json, "/usage/output_tokens");
  }

  /// It writes its last message there by itself, and nothing after a failure.
  std::optional<Record> record(const Reading&, const Task&) const override { return Record{{}, kAnswerFile}; }
  void recover(Reading& reading, std::string_view record) const override {
    take_for_answer(reading, valid_utf8(record));
  }

  std::span<const Hint> hints() const override { return kHints; }
};

}  // namespace

const Backend& codex_backend() {
  static const Codex backend;
  return backend;
}

}  // namespace delegate
