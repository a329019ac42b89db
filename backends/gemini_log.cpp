#include "backends/gemini_log.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "backends/cli_process.hpp"
#include "backends/retry_notice.hpp"
#include "core/base/json.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLongestLogRecord = 1u << 20;
constexpr std::string_view kEventOfCli = R"("gemini_cli.)";  // few of the large records have one

/// The request for the model to use. Other helper models are asked while the run already works, and it can do without
/// their answers.
constexpr std::string_view kRouter = "utility_router";
constexpr int kMostAttempts = 99;

constexpr const char* kPathVariable = "GEMINI_TELEMETRY_OUTFILE";

bool is_about_router(const std::optional<Failure>& failure) {
  return failure && failure->retrying && failure->outcome == Outcome::bad_output;
}

void read_request(const std::string& role, ParsedOutput& parsed) {
  parsed.log.role = role;
  if (role != kRouter && is_about_router(parsed.failure)) forget_retries(parsed);  // it went on
}

void read_repetition(const Json& facts, ParsedOutput& parsed) {
  if (parsed.log.role != kRouter || !parsed.draft.empty()) return;
  // Other errors are on stderr, too, with their reasons.
  const std::string type = text_at(facts, "/error_type");
  if (type != "Error" && type != "INVALID_CONTENT") return;
  if (parsed.failure && !is_about_router(parsed.failure)) return;
  const auto failures = integer_at(facts, "/attempt");
  if (!failures || *failures < 1 || *failures > kMostAttempts) return;
  note_retry(parsed, {.failures = static_cast<int>(*failures)},
             {.outcome = Outcome::bad_output,
              .message = "got an empty or unreadable answer when it asked which model to use",
              .hint = "name a model with -m or in backends.{name}.model: then it does not ask which one to use"});
}

void read_event(const Json& facts, ParsedOutput& parsed) {
  // A gemini that a tool starts inherits the environment, and so writes to the same place.
  if (parsed.session_id.empty() || text_at(facts, "/session.id") != parsed.session_id) return;
  const std::string name = text_at(facts, "/event.name");
  if (name == "gemini_cli.api_request") read_request(text_at(facts, "/role"), parsed);
  if (name == "gemini_cli.network_retry_attempt") read_repetition(facts, parsed);
}

/// Or names other places for its settings.
bool may_configure_telemetry(const Environment& environment) {
  constexpr std::array<std::string_view, 3> kPrefixes{"GEMINI_TELEMETRY_", "OTEL_", "GEMINI_CLI_SYSTEM_"};
  return std::any_of(environment.begin(), environment.end(), [&](const auto& variable) {
    return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                       [&](std::string_view prefix) { return variable.first.starts_with(prefix); });
  });
}

/// All files from which the CLI may take its settings and its environment.
std::vector<std::string> settings_files(const Task& task) {
  std::vector<std::string> directories{directory_of_child(task, "GEMINI_CLI_HOME", ""),
                                       directory_of_child(task, "HOME", ""), task.cwd};
  for (std::size_t end; (end = directories.back().rfind('/')) != std::string::npos;)
    directories.push_back(directories.back().substr(0, end));
  std::vector<std::string> files{"/etc/gemini-cli/settings.json", "/etc/gemini-cli/system-defaults.json"};
  for (const std::string& directory : directories)
    for (const char* file : {"/.gemini/settings.json", "/.gemini/.env", "/.env"}) files.push_back(directory + file);
  return files;
}

}  // namespace

std::vector<std::string> without_outer_log(const Task& task) {
  const auto file = task.environment.find(kPathVariable);
  const bool is_ours = file != task.environment.end() && file->second.ends_with(std::string("/") + kLogPipeName);
  if (!is_ours || !task.environment.contains("DELEGATE_RUN_ID")) return {};
  return {std::string(kPathVariable) + "=", "GEMINI_TELEMETRY_ENABLED=false"};
}

std::optional<OwnLog> gemini_log(const Task& task) {
  const bool may_ask_for_model = task.model.empty() || task.model.starts_with("auto");
  if (!may_ask_for_model || task.access != Access::read_only) return std::nullopt;
  if (may_configure_telemetry(task.environment) || may_configure_telemetry(task.login)) return std::nullopt;
  return OwnLog{
      .path_variable = kPathVariable,
      .env = {"GEMINI_TELEMETRY_ENABLED=true", "GEMINI_TELEMETRY_TARGET=local", "GEMINI_TELEMETRY_LOG_PROMPTS=false"},
      .unless_in = settings_files(task),
      .word = "telemetry"};
}

void read_gemini_log(ParsedOutput& parsed, std::string_view line) {
  std::string& record = parsed.log.record;
  const bool begins = line.starts_with('{');  // what is open was damaged then
  if (begins) record.clear();
  else if (record.empty()) return;
  record += line;
  if (record.size() > kLongestLogRecord) return record.clear();
  if (!line.ends_with("}\n") || (begins ? line.size() < 3 : !line.starts_with('}'))) return;
  const std::string whole = std::exchange(record, {});
  if (whole.find(kEventOfCli) == std::string::npos) return;
  if (const auto json = parse_object(whole)) read_event(at(*json, "/attributes"), parsed);
}

}  // namespace delegate
