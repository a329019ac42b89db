#include "backends/cli_process.hpp"

#include <algorithm>
#include <array>

#include "backends/error_meaning.hpp"
#include "core/base/text.hpp"
#include "core/run/call.hpp"
#include "core/run/error_lines.hpp"

namespace delegate {
namespace {

// Markers that agents set for the programs they start, as observed in their environments. An inherited marker makes a
// CLI refuse to start inside another one, or join a session that is not its own.
constexpr std::array<std::string_view, 19> kMarkers{"CLAUDECODE",
                                                    "CLAUDE_CODE_ENTRYPOINT",
                                                    "CLAUDE_CODE_SESSION_ID",
                                                    "CLAUDE_CODE_SSE_PORT",
                                                    "CLAUDE_CODE_CHILD",
                                                    "CLAUDE_CODE_EXECPATH",
                                                    "MAX_THINKING_TOKENS",
                                                    "CODEX_THREAD_ID",
                                                    "CODEX_CI",
                                                    "CODEX_MANAGED_BY_NPM",
                                                    "CODEX_MANAGED_BY_BUN",
                                                    "CODEX_SANDBOX",
                                                    "CODEX_SANDBOX_NETWORK_DISABLED",
                                                    "GEMINI_CLI",
                                                    "GEMINI_CLI_ACTIVITY_LOG_TARGET",
                                                    "CURSOR_AGENT",
                                                    "CURSOR_TRACE_ID",
                                                    "AI_AGENT",
                                                    "OPENCODE"};
constexpr std::array<std::string_view, 1> kMarkerPrefixes{"GROK_"};
constexpr std::array<std::string_view, 5> kDisplays{"DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "XAUTHORITY",
                                                    "DELEGATE_DEPTH"};

template <class List>
bool lists(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool is_marker(std::string_view name) {
  return lists(kMarkers, name) || std::any_of(kMarkerPrefixes.begin(), kMarkerPrefixes.end(),
                                              [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// Exit codes of a shell, or of what starts like one, that could not run the program.
constexpr int kCannotExecute = 126;
constexpr int kNotFound = 127;
constexpr std::size_t kMostFirstLines = 200;  // of each stream

/// What a version manager, the system or the CLI itself says if it never began to work: the first such line, because
/// advice may follow.
std::optional<Failure> not_started(const RawOutput& raw) {
  for (const std::string_view text : {raw.err, raw.out}) {
    auto lines = split(text, '\n');
    lines.resize(std::min(lines.size(), kMostFirstLines));
    for (const std::string_view line : lines)
      if (const auto found = find(words_of_no_start(), line))
        return Failure{.outcome = found->signature->outcome,
                       .message = one_line(line),
                       .hint = found->signature->hint,
                       .evidence = std::string("built-in wording: ") + found->signature->pattern};
  }
  if (raw.exit_code != kCannotExecute && raw.exit_code != kNotFound) return std::nullopt;
  const std::string words = last_error_line(raw.err);
  return Failure{.outcome = Outcome::spawn_failed,
                 .message = "exit code " + std::to_string(raw.exit_code) + (words.empty() ? "" : ": " + words)};
}

}  // namespace

std::vector<std::string> withheld_keys(const Task& task, const OwnKeys& own) {
  std::vector<std::string> names;
  for (const auto& [name, value] : task.environment)
    if (!value.empty() && is_kept_away(task, own, name, value)) names.push_back(name);
  return names;
}

std::vector<std::string> child_environment(const Task& task, const OwnKeys& own,
                                           const std::vector<std::string>& extra) {
  const auto is_replaced = [&](const std::string& name) {
    return std::any_of(extra.begin(), extra.end(), [&](const auto& one) { return one.starts_with(name + "="); });
  };
  std::vector<std::string> out;
  for (const auto& [name, value] : task.login)
    if (!is_replaced(name)) out.push_back(name + "=" + value);
  for (const auto& [name, value] : task.environment) {
    if (task.login.contains(name)) continue;
    if (is_marker(name) || lists(kDisplays, name) || name == "DELEGATE_RUN_ID" || is_replaced(name)) continue;
    if (is_kept_away(task, own, name, value)) continue;
    out.push_back(name + "=" + value);
  }
  out.insert(out.end(), extra.begin(), extra.end());
  out.push_back("BROWSER=/bin/true");
  return out;
}

std::string seen_by_child(const Task& task, const std::string& variable) {
  for (const Environment* environment : {&task.login, &task.environment})
    if (const auto found = environment->find(variable); found != environment->end()) return found->second;
  return {};
}

bool reaches_child(const Task& task, const OwnKeys& own, const std::string& variable) {
  const std::string value = seen_by_child(task, variable);
  return !value.empty() && (task.login.contains(variable) || !is_kept_away(task, own, variable, value));
}

std::string directory_of_child(const Task& task, const std::string& variable, const std::string& below_home) {
  if (std::string own = seen_by_child(task, variable); !own.empty()) return own;
  const std::string home = seen_by_child(task, "HOME");
  return home.empty() ? std::string() : home + below_home;
}

std::optional<SessionFiles> files_of_session(const std::string& own_directory, const std::string& below,
                                             std::string_view session) {
  constexpr std::size_t kShortest = 8;  // a shorter name may be a part of others
  if (!own_directory.starts_with('/') || session.size() < kShortest || session.find('/') != std::string_view::npos)
    return std::nullopt;
  return SessionFiles{own_directory + below, std::string(session)};
}

Call CliBackend::version_call(const Task& task) const {
  return ProcessCall{.argv = {task.executable, "--version"}, .env = child_environment(task, {})};
}

void CliBackend::conclude(ParsedOutput& parsed, const Task&) const {
  if (parsed.end_announced && !parsed.failure) accept_unfinished(parsed, std::move(parsed.text));
}

void accept_unfinished(ParsedOutput& parsed, std::string text) {
  parsed.text = std::move(text);
  if (trim(parsed.text).empty()) return;
  parsed.complete = true;
  parsed.warnings.emplace_back("it ended without its final record; the last text it wrote is taken as the answer");
}

void accept_recovered(ParsedOutput& parsed, std::string text) {
  if (trim(text).empty()) return;
  parsed.text_is_stated = true;
  if (!parsed.complete) return accept_unfinished(parsed, std::move(text));
  parsed.text = std::move(text);
  parsed.warnings.emplace_back(
      "a part of its output could not be read; the answer is from the file in which it keeps it");
}

bool is_too_long(std::string_view record, ParsedOutput& parsed) {
  if (record.size() < kLongestRecord) return false;
  ++parsed.unreadable;
  parsed.has_long_record = true;
  return true;
}

std::vector<Json> take_records(ParsedOutput& parsed, std::string_view line) {
  if (is_too_long(line, parsed)) return {};
  RecordLine read = records_in(line);
  parsed.unreadable += read.is_damaged ? 1 : 0;
  return std::move(read.records);
}

std::optional<Failure> CliBackend::explain(const ParsedOutput& parsed, const Task&, const RawOutput& raw) const {
  const bool worked = !parsed.session_id.empty() || !parsed.text.empty() || raw.exit_code == 0;
  const bool cannot_run = raw.exit_code == kCannotExecute || raw.exit_code == kNotFound;
  auto known = cannot_run && !worked ? std::nullopt : meaning_of_lines(vendor(), raw.err);
  if (!known && !worked) known = not_started(raw);
  return known;
}

Failure CliBackend::without_echo(Failure failure, std::string message) const {
  return reconsidered(vendor(), std::move(failure), std::move(message), Outcome::exited_nonzero);
}

ProcessCall start_call(const Task& task) {
  ProcessCall call{.argv = {task.executable}};
  call.argv.insert(call.argv.end(), task.settings.command.begin() + 1, task.settings.command.end());
  return call;
}

std::string prompt_with_system(const Task& task) {
  return task.system.empty() ? task.prompt : task.system + "\n\n" + task.prompt;
}

}  // namespace delegate
