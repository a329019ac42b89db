#include "core/run/error_lines.hpp"

#include <algorithm>
#include <array>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr std::size_t kMostJoined = 200;  // lines of one JSON text
constexpr std::size_t kMostKept = 12;     // lines
constexpr std::size_t kMostLookedAt = 100;
constexpr std::size_t kLongestKept = 2000;  // bytes of a line

using TextLines = std::vector<std::string_view>;

bool is_decimal(char c) { return c >= '0' && c <= '9'; }

template <class List>
bool begins_with_one_of(std::string_view line, const List& list) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view one) { return line.starts_with(one); });
}
template <class List>
bool has_one_of(std::string_view line, const List& list) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view one) { return contains_ignoring_case(line, one); });
}

/// "2026-11-21T09:10:11.000000Z ERROR rmcp::transport: …", "[09:10:11] …": a logger's line.
bool begins_with_stamp(std::string_view line) {
  if (line.starts_with('[')) line.remove_prefix(1);
  const auto shape = [&](std::string_view mask) {
    if (line.size() < mask.size()) return false;
    for (std::size_t i = 0; i < mask.size(); ++i)
      if (mask[i] == '0' ? !is_decimal(line[i]) : line[i] != mask[i]) return false;
    return true;
  };
  return shape("0000-00-00T00:00") || shape("0000-00-00 00:00") || shape("0000/00/00 00:00") || shape("00:00:00");
}

/// "[ERROR] …", "[docs-server] …", "WARN …": levels and names of loggers.
bool begins_with_level(std::string_view line) {
  constexpr std::array<std::string_view, 12> kLevels{"[ERROR]", "[WARN]", "[WARNING]", "[INFO]",  "[DEBUG]", "[TRACE]",
                                                     "[error]", "[warn]", "[info]",    "[debug]", "DEBUG ",  "INFO "};
  return begins_with_one_of(line, kLevels) || line.starts_with("WARN ") || line.starts_with("TRACE ");
}

/// What the tool servers of a CLI do or lack says nothing about the CLI itself.
bool is_about_tools(std::string_view line) {
  constexpr std::array<std::string_view, 5> kTools{"tool server", "rmcp::", "modelcontextprotocol", "mcp__",
                                                   "codex_core::models_manager"};
  return contains_word(line, "mcp") || contains_word(line, "mcp_servers") || has_one_of(line, kTools);
}

/// "file:///usr/lib/cli.js:12" and the line of source with its caret, which Node prints above an error.
bool is_place(std::string_view line) {
  if (!line.starts_with('/') && !line.starts_with("file:///")) return false;
  const std::size_t colon = line.rfind(':');
  return line.find(' ') == std::string_view::npos && colon != std::string_view::npos && colon + 1 < line.size() &&
         std::all_of(line.begin() + static_cast<std::ptrdiff_t>(colon) + 1, line.end(), is_decimal);
}

bool is_trailer(std::string_view line) {
  constexpr std::array<std::string_view, 16> kTrailers{"Node.js v",
                                                       "Bun v",
                                                       "npm notice",
                                                       "npm ERR! A complete log",
                                                       "npm error A complete log",
                                                       "npm warn",
                                                       "npm WARN",
                                                       "hint:",
                                                       "Hint:",
                                                       "(Use `node --trace",
                                                       "(node:",
                                                       "note: run with",
                                                       "stack backtrace",
                                                       "Stack trace:",
                                                       "Thrown at:",
                                                       "For more information"};
  constexpr std::array<std::string_view, 8> kLogs{
      "log written to", "logs written to", "full report available at", "log of this run can", "see the log file",
      "log file:",      "debug log:",      "error report saved to"};
  if (begins_with_one_of(line, kTrailers)) return true;
  // "Error when talking to the API Full report available at: /tmp/…" has a reason before the path.
  return !is_error_line(line) && has_one_of(line, kLogs);
}

bool is_noise(std::string_view line) {
  const std::string_view words = trim(line);
  if (words.empty() || words.find_first_not_of("^~-=*_}{)]; ,") == std::string_view::npos) return true;
  return begins_with_stamp(words) || begins_with_level(words) || is_about_tools(words) || is_stack_frame(line) ||
         is_place(words) || is_trailer(words);
}

/// How many more brackets a line opens than it closes, outside strings.
int depth_of(std::string_view line) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') ++i;
    else if (line[i] == '"') quoted = !quoted;
    else if (!quoted && (line[i] == '{' || line[i] == '[')) ++depth;
    else if (!quoted && (line[i] == '}' || line[i] == ']')) --depth;
  }
  return depth;
}

/// The number of lines that the JSON text beginning in line `at` has; 1: it is complete, or none begins. `searched`: up
/// to this line an earlier one has been searched for its end in vain.
std::size_t length_of_json(const TextLines& lines, std::size_t at, std::size_t& searched) {
  const std::string_view first = trim(lines[at]);
  if (at < searched || (!first.ends_with('{') && !first.ends_with('['))) return 1;
  int depth = 0;
  const std::size_t end = std::min(lines.size(), at + kMostJoined);
  for (std::size_t i = at; i < end; ++i)
    if (depth += depth_of(lines[i]); depth <= 0) return i - at + 1;
  searched = end;
  return 1;
}

std::string joined(const TextLines& lines, std::size_t from, std::size_t count) {
  std::string out;
  for (std::size_t i = from; i < from + count; ++i) out += (out.empty() ? "" : " ") + std::string(trim(lines[i]));
  return out;
}

}  // namespace

bool is_record_of_content(std::string_view line) {
  line = trim(line);
  if (line.starts_with("data:")) line = trim(line.substr(5));
  if (line.starts_with("[{")) return true;  // a whole run as one array
  if (!line.starts_with('{')) return false;
  const auto record = parse_object(line);
  if (!record) return true;  // what a part says is not known
  const auto speaks_of_error = [](const Json& json) {
    const Json& error = at(json, "/error");
    const std::string type = text_at(json, "/type");
    if (type.find("tool") != std::string::npos) return false;  // its output is the user's
    const bool is_named = type.ends_with("error") || type.ends_with("failed") || type.ends_with("retry");
    return is_named || true_at(json, "/is_error") || (!error.is_null() && !error.empty()) ||
           text_at(json, "/status") == "error";
  };
  const bool is_untyped = !record->contains("type") && record->contains("message");
  return !is_untyped && !speaks_of_error(*record) && !speaks_of_error(at(*record, "/item"));
}

bool is_stack_frame(std::string_view line) {
  constexpr std::array<std::string_view, 4> kFrames{"at ", "File \"", "node:internal/", "goroutine "};
  if (!line.starts_with(' ') && !line.starts_with('\t')) return line.starts_with("node:internal/");
  return begins_with_one_of(trim(line), kFrames);
}

bool is_about_errands(std::string_view line) {
  constexpr std::array<std::string_view, 8> kPrograms{
      "npm error", "npm ERR!", "git:", "remote:", "ssh:", "docker:", "kubectl:", "gcloud:"};
  constexpr std::array<std::string_view, 21> kErrands{
      "tool call",   "command failed", "pre-commit",   "mcp startup",  "mcp server",     "assertionerror",
      "fail",        "telemetry",      "otel",         "otlp",         "opentelemetry",  "hook",
      "hooks",       "posttooluse",    "pretooluse",   "update check", "tool execution", "executing tool",
      "panicked at", "version check",  "settings file"};
  constexpr std::array<std::string_view, 3> kUpdates{"check for updates", "checking for updates", "auto-update"};
  line = trim(line);
  if (begins_with_one_of(line, kPrograms)) return true;
  // What it is about stands before the reason: "Error: hook `x` failed: not logged in".
  std::string_view subject = line;
  if (const std::size_t colon = subject.find(": "); is_error_line(line) && colon != std::string_view::npos)
    if (contains_word(subject.substr(0, colon), "error") && subject.find(' ') > colon) subject.remove_prefix(colon + 2);
  subject = subject.substr(0, subject.find(": "));
  if (has_one_of(subject, kUpdates)) return true;
  return std::any_of(kErrands.begin(), kErrands.end(),
                     [&](std::string_view one) { return contains_word(subject, one); });
}

std::vector<std::string> own_lines(std::string_view text) {
  const TextLines lines = split(text, '\n');
  std::vector<std::string> out;
  std::size_t searched = 0;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t count = length_of_json(lines, at, searched);
    std::string line = count > 1 ? joined(lines, at, count) : std::string(lines[at]);
    const bool is_frame = is_stack_frame(lines[at]);  // which may be followed by the fields of an error
    at += count;
    if (!is_frame && !is_noise(line)) out.push_back(std::move(line));
  }
  return out;
}

std::string logged_errors(std::string_view text, std::span<const std::string_view> modules) {
  constexpr std::string_view kLevel = "ERROR";
  constexpr std::size_t kLongestStamp = 48;
  std::string out;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t level = line.substr(0, kLongestStamp).find(kLevel);
    if (!begins_with_stamp(trim(line)) || level == std::string_view::npos || is_about_tools(line)) continue;
    std::string_view words = line.substr(level + kLevel.size());
    words.remove_prefix(std::min(words.find_first_not_of(" ]:\t"), words.size()));
    const std::size_t end = words.find(": ");
    const std::string_view module = words.substr(0, end == std::string_view::npos ? 0 : end);
    const bool is_module =
        !module.empty() && module.find(' ') == std::string_view::npos && module.find('_') != std::string_view::npos;
    if (is_module && !begins_with_one_of(module, modules)) continue;
    if (is_module) words.remove_prefix(end + 2);
    out.append(words).append("\n");
  }
  return out;
}

bool is_error_line(std::string_view line) {
  constexpr std::array<std::string_view, 11> kBeginnings{
      "error", "fatal", "panic", "uncaught", "unhandled", "failed", "api error", "[api error", "✖", "✗", "❌"};
  const std::string words = lower(trim(line));
  if (begins_with_one_of(words, kBeginnings)) return true;
  const std::size_t colon = words.find(':');  // "TypeError: …", "_ApiError: …", "SomeException: …"
  if (colon == std::string::npos || words.find(' ') < colon) return false;
  return words.substr(0, colon).ends_with("error") || words.substr(0, colon).ends_with("exception");
}

std::string last_error_line(std::string_view text) {
  std::vector<std::string> lines = own_lines(text);
  std::erase_if(lines, [](const std::string& line) { return is_record_of_content(line); });
  const auto last = [&](bool with_errands) {
    return std::find_if(lines.rbegin(), lines.rend(), [&](const std::string& line) {
      return is_error_line(line) && (with_errands || !is_about_errands(line));
    });
  };
  for (const bool with_errands : {false, true})
    if (const auto found = last(with_errands); found != lines.rend()) return one_line(*found);
  return lines.empty() ? std::string() : one_line(lines.back());
}

std::string last_lines(std::string_view text) {
  const TextLines lines = split(text, '\n');
  std::vector<std::string> kept;
  std::size_t looked_at = 0;
  for (auto line = lines.rbegin(); line != lines.rend() && kept.size() < kMostKept; ++line) {
    if (++looked_at > kMostLookedAt) break;
    if (!trim(*line).empty() && !is_record_of_content(*line)) kept.push_back(one_line(*line, kLongestKept));
  }
  std::reverse(kept.begin(), kept.end());
  return join(kept, "\n");
}

}  // namespace delegate
