#include "backends/server_stream.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kLongestEvent = 8u << 20;  // of an event in several lines
constexpr std::size_t kLongestRefusal = 512;     // bytes, for the message

std::string_view without_newline(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool may_hold_json(std::string_view text) { return text.find('{') != std::string_view::npos; }

bool is_whole(const RecordLine& line) { return !line.records.empty() && !line.is_damaged; }

/// An event without its end counts as unreadable until the rest has come.
void hold_data(ParsedOutput& parsed, std::string_view data) {
  ++parsed.unreadable;
  parsed.event.data = data;
}

/// What a longer event has inside its list of choices.
bool is_part_of_choice(const Json& record) {
  if (record.contains("choices")) return false;
  return record.contains("delta") || record.contains("finish_reason") || record.contains("content") ||
         record.contains("text") || record.contains("role");
}

/// `"ping"`, `42`: a word that keeps the stream alive.
bool is_scalar(std::string_view payload) {
  if (payload.starts_with('{') || payload.starts_with('[')) return false;
  const Json json = Json::parse(payload, nullptr, false);
  return !json.is_discarded() && !json.is_structured();
}

/// "ping", "keep-alive": not the words of an answer that lost its record.
bool is_heartbeat(std::string_view payload) {
  return payload.find_first_of(" <>\"") == std::string_view::npos || is_scalar(payload);
}

bool is_hole(std::string_view payload, const RecordLine& read) {
  if (read.records.empty()) return !is_heartbeat(payload);
  return std::any_of(read.records.begin(), read.records.end(), is_part_of_choice);
}

/// The event of several lines is over. One that cannot be read stays counted.
std::vector<Json> end_data(ParsedOutput& parsed) {
  const std::string data = std::move(parsed.event.data);
  parsed.event.data.clear();
  std::vector<Json> records;
  if (auto json = data.empty() ? std::nullopt : parse_object(data)) {
    --parsed.unreadable;
    records.push_back(*std::move(json));
  }
  return records;
}

std::vector<Json> read_data(ParsedOutput& parsed, std::string_view payload) {
  std::string& open = parsed.event.data;
  RecordLine alone = records_in(payload);
  if (!open.empty()) {
    const bool is_new = is_whole(alone) && (alone.records[0].contains("choices") || alone.records[0].contains("error"));
    if (is_new) open.clear();
    else if (open.size() + payload.size() <= kLongestEvent) open.append("\n").append(payload);
    return is_new ? std::move(alone.records) : std::vector<Json>();
  }
  const bool is_lost = is_hole(payload, alone);
  if (is_whole(alone) && !is_lost) return std::move(alone.records);
  if (is_whole(alone)) ++parsed.unreadable;
  else if (is_lost || may_hold_json(payload)) hold_data(parsed, payload);  // else a word that keeps it alive
  return {};
}

std::vector<std::string> tokens_of(std::string_view name) {
  std::vector<std::string> tokens(1);
  for (const char c : lower(name)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) tokens.back() += c;
    else if (!tokens.back().empty()) tokens.emplace_back();
  }
  return tokens;
}

template <class List>
bool has_token(std::string_view name, const List& words) {
  const auto tokens = tokens_of(name);
  return std::any_of(tokens.begin(), tokens.end(), [&](const std::string& token) {
    return std::find(words.begin(), words.end(), token) != words.end();
  });
}

template <class List>
bool has_part(std::string_view name, const List& words) {
  return std::any_of(words.begin(), words.end(), [&](auto word) { return contains_ignoring_case(name, word); });
}

// All lists are closed: what is in none of them is no end.
constexpr std::array<std::string_view, 9> kGoodEnds{"stop",       "end_turn",  "eos",      "eos_token", "stop_sequence",
                                                    "stop_token", "completed", "complete", "end"};
constexpr std::array<std::string_view, 7> kLengthEnds{"length",
                                                      "max_tokens",
                                                      "max_output_tokens",
                                                      "max_length",
                                                      "model_length",
                                                      "max_new_tokens",
                                                      "model_context_window_exceeded"};
constexpr std::array<std::string_view, 5> kToolEnds{"tool_calls", "tool_call", "tool_use", "function_call", "tools"};
constexpr std::array<std::string_view, 10> kRefusals{"content_filter", "safety",    "prohibited_content", "blocklist",
                                                     "refusal",        "spii",      "recitation",         "sensitive",
                                                     "guardrail",      "moderation"};
constexpr std::array<std::string_view, 7> kLostEnds{"network",   "connection", "disconnect", "timeout",
                                                    "timed_out", "upstream",   "unreachable"};
constexpr std::array<std::string_view, 9> kFailures{"error",     "abort",        "fail",      "cancel", "interrupt",
                                                    "malformed", "insufficient", "exception", "unload"};

template <class List>
bool is_among(const std::string& reason, const List& list) {
  return std::find(list.begin(), list.end(), reason) != list.end();
}

std::string cut_warning(const Task& task) {
  const int most = task.settings.max_tokens;
  if (most > 0) return "the answer was cut at " + std::to_string(most) + " tokens (max_tokens, or the model's window)";
  return "the answer was cut at the longest that the server allows, or at the end of the model's window";
}

Failure used_up(const ParsedOutput& parsed, const Task& task) {
  const int most = task.settings.max_tokens;
  const std::string tokens = parsed.usage.output_tokens ? std::to_string(*parsed.usage.output_tokens) + " tokens"
                             : most > 0                 ? std::to_string(most) + " tokens"
                                                        : "tokens";
  return {.outcome = Outcome::cut_short,
          .message = parsed.spoken.has_thought() || parsed.spoken.ended_in_thought()
                         ? "thinking used up all " + tokens + " before the answer began"
                         : "all " + tokens + " were used up before the answer began"};
}

Failure asked_for_tool() {
  return {.outcome = Outcome::cut_short,
          .message = "it asked for a tool instead of answering",
          .hint = "delegate gives a server no tools: ask for an answer in words, or choose another model with --model"};
}

/// A line that is no event: of a response that is no stream, or an event that lost its name.
StreamLine read_other_line(ParsedOutput& parsed, std::string_view line) {
  StreamLine out;
  if (!parsed.spoken.is_begun()) {
    ++parsed.progress;
    parsed.event.body.append(line).append("\n");
    return out;
  }
  RecordLine read = records_in(line);
  parsed.unreadable += read.is_damaged ? 1 : 0;
  out.records = std::move(read.records);
  return out;
}

/// What came before the first event was no response of its own; it must not have been an event either.
void drop_body(ParsedOutput& parsed) {
  if (parsed.event.body.empty()) return;
  const RecordLine read = records_in(parsed.event.body);
  parsed.unreadable += read.is_damaged || !read.records.empty() ? 1u : 0u;
  parsed.event.body.clear();
}

/// Inside a record over several lines other objects may fill a line.
bool is_record_of_stream(const RecordLine& read) {
  if (!is_whole(read)) return false;
  const Json& record = read.records.front();
  return record.contains("done") || record.contains("message") || record.contains("error");
}

StreamLine read_one_line(ParsedOutput& parsed, std::string_view line) {
  StreamLine out;
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  constexpr std::string_view kGlued = "data: {";  // behind a heartbeat that lost its end
  if (const std::size_t at = line.find(kGlued); line.starts_with(':') && at != std::string_view::npos)
    line.remove_prefix(at);
  auto& event = parsed.event;
  if (line.empty()) {
    out.records = end_data(parsed);
    event.name.clear();
  }
  if (line.starts_with("event:")) event.name = trim(line.substr(6));
  if (line.empty() || line.front() == ':' || line.starts_with("event:") || line.starts_with("id:") ||
      line.starts_with("retry:"))
    return out;
  const bool is_error = line.starts_with("error:") || (event.name == "error" && line.starts_with("data:"));
  if (!line.starts_with("data:") && !is_error) return read_other_line(parsed, line);
  const std::string_view payload = trim(line.substr(line.find(':') + 1));
  if (payload == "[DONE]" || payload == "\"[DONE]\"") {
    out.records = end_data(parsed);
    out.is_done = true;
    return out;
  }
  if (is_error) event.name = "error";
  if (is_error && !may_hold_json(payload)) out.error_words = payload;
  else if (!payload.empty()) out.records = read_data(parsed, payload);
  if (!out.records.empty()) drop_body(parsed);
  return out;
}

}  // namespace

StreamLine read_event_line(ParsedOutput& parsed, std::string_view lines) {
  StreamLine out;
  lines = without_newline(lines);
  for (const std::string_view line : split(lines, '\r')) {  // which ends a line, too
    StreamLine one = read_one_line(parsed, line);
    std::move(one.records.begin(), one.records.end(), std::back_inserter(out.records));
    if (out.error_words.empty()) out.error_words = std::move(one.error_words);
    out.is_done = out.is_done || one.is_done;
  }
  return out;
}
StreamLine read_json_line(ParsedOutput& parsed, std::string_view line) {
  StreamLine out;
  RecordLine read = records_in(line);
  std::string& body = parsed.event.body;
  const bool is_part =
      body.empty() ? read.is_damaged || (read.records.empty() && may_hold_json(line)) : !is_record_of_stream(read);
  if (!is_part || read.is_damaged) out.records = std::move(read.records);
  if (!is_part) return out;
  ++parsed.progress;
  if (body.empty()) ++parsed.unreadable, parsed.event.is_body_counted = true;  // until the whole body can be read
  body.append(line);
  return out;
}

/// A body without an end that is looked through when the call is over: neither its deadline nor a cancel would be
/// heard.
constexpr std::size_t kMostRecordsOfBody = 1'000;

std::vector<Json> records_in_body(ParsedOutput& parsed) {
  const std::string body = std::move(parsed.event.body);
  parsed.event.body.clear();
  std::vector<Json> records = end_data(parsed);
  if (auto whole = parse_object(body)) {
    records.push_back(*std::move(whole));
    parsed.unreadable -= std::min<std::size_t>(parsed.unreadable, parsed.event.is_body_counted ? 1 : 0);
    return records;
  }
  std::string_view rest = body;
  while (!rest.empty() && records.size() < kMostRecordsOfBody) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    RecordLine read = records_in(line);
    parsed.unreadable += read.is_damaged ? 1 : 0;
    std::move(read.records.begin(), read.records.end(), std::back_inserter(records));
  }
  return records;
}

void note_beside_words(const Json& message, ParsedOutput& parsed) {
  for (const char* place : {"/reasoning_content", "/reasoning", "/thinking", "/thought"}) {
    if (trim(text_at(message, place)).empty()) continue;
    parsed.spoken.note_thought();
    parsed.doing = "thinking";
    ++parsed.progress;
  }
  for (const char* place : {"/tool_calls", "/function_call"}) {
    if (!at(message, place).is_structured() || at(message, place).empty()) continue;
    parsed.if_empty = asked_for_tool();
    ++parsed.progress;
  }
  const std::string refusal = text_at(message, "/refusal");
  if (refusal.empty() || parsed.event.refusal.size() > kLongestRefusal) return;
  parsed.event.refusal += refusal;
  if (!trim(parsed.event.refusal).empty())
    parsed.if_empty = Failure{Outcome::refused_by_policy, one_line(parsed.event.refusal), {}};
}

void say_words(std::string_view words, ParsedOutput& parsed) {
  parsed.say(words);
  if (!words.empty()) ++parsed.progress;
}

bool is_bad_reason(std::string_view reason) {
  return has_part(reason, kRefusals) || has_part(reason, kLostEnds) || has_part(reason, kFailures);
}

void read_reason(std::string_view reason, const Task& task, ParsedOutput& parsed) {
  const std::string word = lower(trim(reason));
  const bool is_length = is_among(word, kLengthEnds);
  const bool is_tool = is_among(word, kToolEnds);
  if (is_length || is_tool || is_among(word, kGoodEnds)) {
    parsed.end_announced = true;  // usage and [DONE] may follow, from some servers also words
    ++parsed.progress;
    if (is_tool) parsed.if_empty = asked_for_tool();
    if (!is_length) return;
    parsed.if_empty = used_up(parsed, task);
    parsed.truncation = cut_warning(task);
    return;
  }
  const std::string words = "the server ended its answer with \"" + one_line(word, 60) + "\"";
  if (has_part(word, kRefusals)) parsed.failure = Failure{Outcome::refused_by_policy, words, {}};
  else if (has_part(word, kLostEnds)) parsed.failure = Failure{Outcome::dropped, words, {}};
  else if (has_part(word, kFailures)) parsed.failure = Failure{Outcome::server_error, words, {}};
}

bool names_thinker(std::string_view model) {
  constexpr std::array<std::string_view, 4> kParts{"think", "reason", "qwq", "magistral"};
  constexpr std::array<std::string_view, 2> kTokens{"r1", "z1"};
  return has_part(model, kParts) || has_token(model, kTokens);
}

bool names_chat_model(std::string_view model) {
  constexpr std::array<std::string_view, 25> kParts{
      "guard",   "mpnet",  "orpheus",          "canary",          "gpt-image",   "qwen-image", "embed",      "rerank",
      "whisper", "minilm", "stable-diffusion", "stablediffusion", "dall-e",      "moderation", "transcribe", "parakeet",
      "kokoro",  "speech", "colbert",          "segformer",       "paraphrase-", "wav2vec",    "text-to-",   "musicgen",
      "splade"};
  constexpr std::array<std::string_view, 20> kTokens{"tts",    "asr",  "stt",  "bge",    "e5",     "gte",    "clip",
                                                     "siglip", "sd",   "sdxl", "sd3",    "flux",   "bark",   "xtts",
                                                     "piper",  "sora", "veo",  "imagen", "ranker", "upscale"};
  std::string name = lower(model);
  if (const std::size_t at = name.find("embedded"); at != std::string::npos) name.erase(at, 8);  // a field of work
  return !has_part(name, kParts) && !has_token(name, kTokens);
}

bool is_chat_model(const Json& row, std::string_view name) {
  constexpr std::array<std::string_view, 8> kChats{
      "chat", "llm", "vlm", "language", "text-generation", "completion", "text-to-text", "conversational"};
  constexpr std::array<std::string_view, 13> kOtherUses{"embed", "rerank",     "speech",    "audio",    "image",
                                                        "video", "moderation", "feature",   "transcri", "classif",
                                                        "tts",   "stt",        "similarity"};
  std::string stated;  // what the server says of it, in the fields of one server or another
  for (const char* field : {"/type", "/task", "/pipeline_tag"}) stated += text_at(row, field) + " ";
  const Json& can = at(row, "/capabilities");
  for (const auto& [key, value] : can.items())
    stated += (value.is_string() ? text_of(value) : value.is_boolean() && value.get<bool>() ? key : "") + " ";
  const bool writes_none = at(row, "/architecture/output_modalities").is_array() &&
                           !contains_ignoring_case(dump(at(row, "/architecture/output_modalities")), "text");
  if (writes_none || at(can, "/completion_chat") == false) return false;
  if (has_part(stated, kChats)) return true;
  return !has_part(stated, kOtherUses) && names_chat_model(name);
}

}  // namespace delegate
