#include "cli/mcp/results.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/health/outcome_words.hpp"

namespace delegate::cli::server {
namespace {

/// The end of a piece that begins at `from` and has at most `max` bytes; no character is cut in two.
std::size_t end_of_piece(std::string_view text, std::size_t from, std::size_t max) {
  return from + cut_to_bytes(text.substr(from), max).size();
}

/// One line each, without the program's name.
std::string note_of(const Remarks& remarks) {
  std::vector<std::string> lines;
  lines.reserve(remarks.size());
  for (const Remark& remark : remarks)
    lines.push_back(remark.kind == Remark::Kind::hint ? line_of(remark) : remark.text);
  return join(lines, "\n");
}

double seconds_of(const RunRecord& run) { return std::round(static_cast<double>(run.took.count()) / 100) / 10; }

void put_changes(OrderedJson& json, const RunRecord& run) {
  if (!run.changes.empty()) json["changes"] = OrderedJson::parse(run.changes);
}

mcp::ToolResult both(const std::string& text, OrderedJson structured, bool is_error) {
  return {.content = {mcp::Text{text}}, .structured = std::move(structured), .is_error = is_error};
}

/// "[codex gpt-5, 12.3 s]"
std::string signature(const RunRecord& run) {
  const std::string who = run.backend + (run.model.empty() ? "" : " " + run.model);
  std::string seconds = std::to_string(seconds_of(run));
  return "[" + who + ", " + seconds.substr(0, seconds.find('.') + 2) + " s]";
}

EndedRun answered(const std::string& id, const jobs::JobResult& job, std::size_t offset, std::size_t max_answer) {
  const RunRecord& run = job.record;
  const std::string& whole = *run.answer;
  const std::size_t from = end_of_piece(whole, 0, offset);
  const std::size_t end = end_of_piece(whole, from, max_answer);
  EndedRun ended_run;
  ended_run.is_cut = from > 0 || end < whole.size();
  OrderedJson json{{"answer", whole.substr(from, end - from)}, {"status", "done"}};
  std::string text = json["answer"].get<std::string>() + "\n\n" + signature(run);
  if (end < whole.size()) {
    json["next_offset"] = end;
    text += "\n[bytes " + std::to_string(from) + " to " + std::to_string(end) + " of " + std::to_string(whole.size()) +
            "; the rest: result with run=" + id + " and offset=" + std::to_string(end) + "]";
  }
  if (ended_run.is_cut) json["run"] = id;
  put(json, "backend", run.backend);
  put(json, "model", run.model);
  put(json, "session", run.session_id);
  json["seconds"] = seconds_of(run);
  put_changes(json, run);
  const std::string note = note_of(job.remarks);
  put(json, "note", note);
  if (!note.empty()) text += "\n[" + note + "]";
  ended_run.result = both(text, std::move(json), false);
  return ended_run;
}

}  // namespace

EndedRun ended(const std::string& id, const jobs::JobResult& job, std::size_t offset, std::size_t max_answer) {
  const RunRecord& run = job.record;
  if (run.answer) return answered(id, job, offset, max_answer);
  const std::string error = run.message.empty() ? "it ended without an answer" : run.message;
  OrderedJson json{{"status", run.outcome == "cancelled" ? "cancelled" : "failed"}};
  put(json, "outcome", run.outcome);
  json["error"] = error;
  put(json, "hint", run.hint);
  put_changes(json, run);
  const std::string note = note_of(job.remarks);
  const std::string text = note.empty() ? error : note;
  return {.result = both(text, std::move(json), true)};
}

mcp::ToolResult working(const std::string& run, const std::string& doing) {
  const std::string next = "fetch its answer with result, run=" + run;
  OrderedJson json{{"status", "working"}, {"run", run}, {"note", doing}, {"hint", next}};
  return both("Not finished yet (" + doing + "). The run continues: " + next + ".", std::move(json), false);
}

mcp::ToolResult failure(const std::string& message, const std::string& hint) {
  OrderedJson json{{"status", "failed"}, {"error", message}};
  put(json, "hint", hint);
  return both(message + (hint.empty() ? "" : "\nhint: " + hint), std::move(json), true);
}

mcp::ToolResult status(const inspect::HostStatus& status) {
  OrderedJson list = OrderedJson::array();
  std::string text;
  for (const inspect::BackendStatus& backend : status.backends) {
    const std::string state = backend.enabled ? std::string(to_string(backend.breaker.state)) : "disabled";
    OrderedJson one{{"name", backend.name}};
    put(one, "installed", backend.installed);
    one["breaker"] = state;
    text += backend.name + ": " + (backend.installed.value_or(true) ? state : "not installed");
    if (backend.breaker.retry_after > milliseconds(0)) {
      one["retry_in_s"] = std::chrono::ceil<std::chrono::seconds>(backend.breaker.retry_after).count();
      text += ", retry in " + format_duration(std::chrono::ceil<std::chrono::seconds>(backend.breaker.retry_after));
    }
    if (backend.last_failure && backend.breaker.state != BreakerState::closed) {
      one["last_error"] = backend.last_failure->outcome + ": " + backend.last_failure->message;
      text += ", " + std::string(words_for(backend.last_failure->outcome)) + ": " + backend.last_failure->message;
    }
    text += "\n";
    list.push_back(std::move(one));
  }
  return both(text, {{"backends", std::move(list)}}, false);
}

std::string answer_of(const jobs::JobResult& job) {
  const std::string answer = job.record.answer.value_or("");
  return answer.empty() ? note_of(job.remarks) : answer;
}

}  // namespace delegate::cli::server
