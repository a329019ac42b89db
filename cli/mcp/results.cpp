#include "cli/mcp/results.hpp"

#include <algorithm>
#include <cmath>

#include "cli/mcp/quota_words.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

namespace delegate::cli::server {
namespace {

constexpr std::size_t kLongestNotes = 1'500;  // bytes of all notes together
constexpr std::size_t kLongestError = 1'500;  // bytes
constexpr std::size_t kMostForChanges = 3;    // `changes` gets this part of a result: one third
constexpr std::size_t kForTheRest = 300;      // bytes for what says where the next part is
constexpr std::size_t kShortestPart = 200;    // bytes of an answer, however much there is to say besides it

double seconds_of(const RunRecord& run) { return std::round(static_cast<double>(run.took.count()) / 100) / 10; }

mcp::ToolResult both(const std::string& text, OrderedJson structured, bool is_error) {
  return {.content = {mcp::Text{text}}, .structured = std::move(structured), .is_error = is_error};
}

std::string notes_of(const AgentWords& words, const ShownRun& shown) {
  std::vector<std::string> lines = words.notes;
  lines.insert(lines.end(), shown.notes.begin(), shown.notes.end());
  return shortened_to_bytes(join(lines, "\n"), kLongestNotes);
}

/// "[codex gpt-5, 12.3 s, session s-1, run 1m8]"
std::string signature(const RunRecord& run, const std::string& id) {
  const std::string who = run.backend + (run.model.empty() ? "" : " " + run.model);
  const std::string seconds = std::to_string(seconds_of(run));
  return "[" + who + ", " + seconds.substr(0, seconds.find('.') + 2) + " s" +
         (run.session_id.empty() ? "" : ", session " + run.session_id) + ", run " + id + "]";
}

/// What every result of a run has, apart from its answer or error.
void put_facts(OrderedJson& json, const RunRecord& run, const ShownRun& shown) {
  json["run"] = shown.id;
  put(json, "backend", run.backend);
  put(json, "model", run.model);
  put(json, "session", run.session_id);
  if (run.changes.empty()) return;
  OrderedJson changes = OrderedJson::parse(run.changes);
  changes.erase("notes");  // for a person; the model has them in `note`, without commands
  json["changes"] = shortened_changes(std::move(changes), shown.most / kMostForChanges);
}

/// Bytes of a character in JSON text.
std::size_t json_size(const CodePoint& character) {
  constexpr std::string_view kShortEscapes = "\"\\\b\f\n\r\t";
  constexpr std::size_t kLongEscape = 6;  // \u001b
  constexpr std::size_t kReplacement = 3;
  if (!character.is_valid) return kReplacement;
  if (character.bytes.size() > 1) return is_steering(character.value) ? kLongEscape : character.bytes.size();
  if (kShortEscapes.find(character.bytes.front()) != std::string_view::npos) return 2;
  return character.value < 0x20 ? kLongEscape : 1;
}

EndedRun past_the_end(const RunRecord& run, const ShownRun& shown) {
  const std::string size = std::to_string(run.answer->size());
  return {
      failure("offset " + std::to_string(shown.offset) + " is past the end: the answer of run " + shown.id + " has " +
                  size + " bytes",
              "Every part was returned already if the last one had no next_offset; offset 0 begins again.", shown.id),
      true};
}

EndedRun answered(const RunRecord& run, const ShownRun& shown) {
  const std::string& whole = *run.answer;
  if (shown.offset > 0 && shown.offset >= whole.size()) return past_the_end(run, shown);
  const std::string notes = notes_of(words_about(run, shown.times), shown);
  OrderedJson json{{"answer", ""}, {"status", "done"}};
  put_facts(json, run, shown);
  json["seconds"] = seconds_of(run);
  put(json, "note", notes);
  const std::string below = "\n\n" + signature(run, shown.id) + (notes.empty() ? "" : "\n[" + notes + "]");
  const std::size_t besides = std::max(dump(json).size(), below.size()) + kForTheRest;
  const std::size_t room = shown.most > besides + kShortestPart ? shown.most - besides : kShortestPart;
  const std::size_t from = cut_to_bytes(whole, shown.offset).size();
  const std::size_t end = end_of_part(whole, from, room);
  const std::string part = whole.substr(from, end - from);
  json["answer"] = part;
  std::string text = part + below;
  if (end < whole.size()) {
    json["next_offset"] = end;
    text += "\n[bytes " + std::to_string(from) + " to " + std::to_string(end) + " of " + std::to_string(whole.size()) +
            "; for the rest call result with run=" + shown.id + " and offset=" + std::to_string(end) + "]";
  }
  return {both(text, std::move(json), false), from > 0 || end < whole.size()};
}

}  // namespace

std::size_t end_of_part(std::string_view text, std::size_t from, std::size_t most) {
  std::size_t end = from;
  std::size_t used = 0;
  for (std::string_view rest = text.substr(from); !rest.empty();) {
    const CodePoint next = take_code_point(rest);
    used += json_size(next);
    if (used > most && end > from) break;
    end += next.bytes.size();
  }
  if (end == text.size()) return end;
  const std::size_t line = text.substr(0, end).rfind('\n');
  return line != std::string_view::npos && line >= from + (end - from) / 2 ? line + 1 : end;
}

EndedRun ended(const RunRecord& run, const ShownRun& shown) {
  if (run.answer) return answered(run, shown);
  const AgentWords words = words_about(run, shown.times);
  const bool is_cancelled = run.outcome == "cancelled";
  const bool is_wanted = is_cancelled && shown.is_cancelled_by_this_call;
  OrderedJson json{{"status", is_cancelled ? "cancelled" : "failed"}};
  std::vector<std::string> lines;
  if (is_wanted) {
    lines.push_back("Run " + shown.id + " was stopped.");
  } else {
    json["error"] = shortened_to_bytes(words.error, kLongestError);
    put(json, "outcome", words.outcome);
    put(json, "retry_in_s", words.retry_in_s);
    put(json, "who_answers", words.who_answers);
    put(json, "hint", words.hint);
    lines.push_back(json["error"].get<std::string>());
    if (!words.hint.empty()) lines.push_back(words.hint);
  }
  put_facts(json, run, shown);
  const std::string notes = notes_of(words, shown);
  put(json, "note", notes);
  if (!notes.empty()) lines.push_back("[" + notes + "]");
  if (!is_wanted) lines.push_back("[run " + shown.id + "]");
  return {both(join(lines, "\n"), std::move(json), !is_wanted)};
}

mcp::ToolResult working(const std::string& run, const std::string& doing) {
  const std::string next = "call result with run=" + run;
  OrderedJson json{{"status", "working"}, {"run", run}, {"note", doing}, {"hint", "For the answer " + next + "."}};
  return both("Not finished yet (" + doing + "). The run continues: for the answer " + next + ".", std::move(json),
              false);
}

mcp::ToolResult failure(const std::string& message, const std::string& hint, const std::string& run) {
  const std::string error = shortened_to_bytes(message, kLongestError);
  OrderedJson json{{"status", "failed"}, {"error", error}};
  put(json, "hint", hint);
  put(json, "run", run);
  const std::string text = error + (hint.empty() ? "" : "\n" + hint) + (run.empty() ? "" : "\n[run " + run + "]");
  return both(text, std::move(json), true);
}

mcp::ToolResult status(const std::vector<SeenBackend>& backends, const std::vector<std::string>& order,
                       const std::string& trouble) {
  OrderedJson list = OrderedJson::array();
  std::vector<std::string> lines;
  for (const SeenBackend& seen : backends) {
    const AgentStatus state = status_words(seen.status, seen.server);
    OrderedJson one{{"name", seen.status.name}, {"ready", state.is_ready}, {"status", state.words}};
    put(one, "retry_in_s", state.retry_in_s);
    std::string line = seen.status.name + ": " + state.words;
    if (state.retry_in_s && seen.status.last_failure) {
      const std::string why = one_line(seen.status.last_failure->message, 200);
      put(one, "last_error", why);
      if (!why.empty()) line += " (" + why + ")";
    }
    if (!seen.quota.empty()) {
      one["quota"] = seen.quota;
      one["windows"] = quota_windows(seen.status.quota);
      line += "; " + seen.quota;
    }
    lines.push_back(std::move(line));
    list.push_back(std::move(one));
  }
  if (!order.empty()) lines.push_back("auto asks: " + join(order, ", "));
  OrderedJson json{{"backends", std::move(list)}, {"auto", order}};
  if (!trouble.empty()) {
    json["note"] = "which backends are broken is not known now: " + shortened_to_bytes(trouble, kLongestError);
    lines.push_back(json["note"].get<std::string>());
  }
  return both(join(lines, "\n"), std::move(json), false);
}

std::string answer_of(const RunRecord& run, const RunTimes& times) {
  if (run.answer && !run.answer->empty()) return *run.answer;
  const AgentWords words = words_about(run, times);
  return run.answer ? join(words.notes, "\n") : words.error;
}

}  // namespace delegate::cli::server
