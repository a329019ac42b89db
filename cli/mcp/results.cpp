#include "cli/mcp/results.hpp"

#include <algorithm>
#include <cmath>

#include "cli/render/json.hpp"
#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

namespace delegate::cli::server {
namespace {

std::string text_at(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : std::string();
}

/// The end of a piece that begins at `from`, at most so many bytes long, where no character is cut in two.
std::size_t end_of_piece(std::string_view text, std::size_t from, std::size_t longest) {
  return from + cut_to_bytes(text.substr(from), longest).size();
}

/// What stderr would have said beside the answer, without the program's name before each line.
std::string note_of(const std::string& remarks) {
  std::vector<std::string> lines;
  for (std::string_view line : split(remarks, '\n')) {
    if (line.starts_with("delegate: ")) line.remove_prefix(10);
    if (!line.empty()) lines.emplace_back(line);
  }
  return join(lines, "\n");
}

double seconds_of(const Json& run) {
  const double ms =
      run.contains("duration_ms") && run["duration_ms"].is_number() ? run["duration_ms"].get<double>() : 0;
  return std::round(ms / 100) / 10;
}

mcp::ToolResult both(const std::string& text, Json structured, bool is_error) {
  return {.content = {mcp::Text{text}}, .structured = std::move(structured), .is_error = is_error};
}

/// "[codex gpt-5, 12.3 s]"
std::string signature(const Json& run) {
  std::string who = text_at(run, "backend");
  if (const std::string model = text_at(run, "model"); !model.empty()) who += " " + model;
  std::string seconds = std::to_string(seconds_of(run));
  return "[" + who + ", " + seconds.substr(0, seconds.find('.') + 2) + " s]";
}

Shown answered(const std::string& id, const Json& run, const std::string& note, std::size_t offset,
               std::size_t longest) {
  const std::string whole = text_at(run, "answer");
  const std::size_t from = end_of_piece(whole, 0, offset);
  const std::size_t end = end_of_piece(whole, from, longest);
  Shown shown;
  shown.is_cut = from > 0 || end < whole.size();
  Json json{{"answer", whole.substr(from, end - from)}, {"status", "done"}};
  std::string text = json["answer"].get<std::string>() + "\n\n" + signature(run);
  if (end < whole.size()) {
    json["next_offset"] = end;
    text += "\n[bytes " + std::to_string(from) + " to " + std::to_string(end) + " of " + std::to_string(whole.size()) +
            "; the rest: result with run=" + id + " and offset=" + std::to_string(end) + "]";
  }
  if (shown.is_cut) json["run"] = id;
  put(json, "backend", text_at(run, "backend"));
  put(json, "model", text_at(run, "model"));
  put(json, "session", text_at(run, "session_id"));
  json["seconds"] = seconds_of(run);
  put(json, "note", note);
  if (!note.empty()) text += "\n[" + note + "]";
  shown.result = both(text, std::move(json), false);
  return shown;
}

}  // namespace

Shown ended(const std::string& id, const jobs::job_event::Ended& end, std::size_t offset, std::size_t longest) {
  const Json run = Json::parse(end.result, nullptr, false);
  if (run.is_object() && run.contains("answer")) return answered(id, run, note_of(end.remarks), offset, longest);
  const Json error = run.is_object() && run.contains("error") ? run["error"] : Json::object();
  const std::string outcome = text_at(error, "outcome");
  const std::string message = text_at(error, "message");
  Json json{{"status", outcome == "cancelled" ? "cancelled" : "failed"}};
  put(json, "outcome", outcome);
  json["error"] = message.empty() ? "it ended without an answer" : message;
  put(json, "hint", text_at(error, "hint"));
  const std::string note = note_of(end.remarks);
  const std::string text = note.empty() ? text_at(json, "error") : note;
  return {.result = both(text, std::move(json), true)};
}

mcp::ToolResult working(const std::string& run, const std::string& doing) {
  const std::string next = "fetch its answer with result, run=" + run;
  Json json{{"status", "working"}, {"run", run}, {"note", doing}, {"hint", next}};
  return both("Not finished yet (" + doing + "). The run goes on: " + next + ".", std::move(json), false);
}

mcp::ToolResult failure(const std::string& message, const std::string& hint) {
  Json json{{"status", "failed"}, {"error", message}};
  put(json, "hint", hint);
  return both(message + (hint.empty() ? "" : "\nhint: " + hint), std::move(json), true);
}

mcp::ToolResult status(const inspect::HostStatus& status) {
  Json list = Json::array();
  std::string text;
  for (const inspect::BackendStatus& backend : status.backends) {
    const std::string state = backend.enabled ? std::string(to_string(backend.breaker.state)) : "disabled";
    Json one{{"name", backend.name}};
    put(one, "installed", backend.installed);
    one["breaker"] = state;
    text += backend.name + ": " + (backend.installed.value_or(true) ? state : "not installed");
    if (backend.breaker.retry_after > milliseconds(0)) {
      one["retry_in_s"] = std::chrono::ceil<std::chrono::seconds>(backend.breaker.retry_after).count();
      text += ", retry in " + format_duration(std::chrono::ceil<std::chrono::seconds>(backend.breaker.retry_after));
    }
    if (backend.last_failure && backend.breaker.state != BreakerState::closed) {
      one["last_error"] = backend.last_failure->outcome + ": " + backend.last_failure->message;
      text += ", " + one["last_error"].get<std::string>();
    }
    text += "\n";
    list.push_back(std::move(one));
  }
  return both(text, {{"backends", std::move(list)}}, false);
}

std::string answer_of(const jobs::job_event::Ended& end) {
  const Json run = Json::parse(end.result, nullptr, false);
  const std::string answer = text_at(run, "answer");
  return answer.empty() ? end.remarks : answer;
}

}  // namespace delegate::cli::server
