#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/run/backend.hpp"

// What model servers stream: server-sent events or lines of JSON, and how an answer in them ends.
namespace delegate {

/// What one more line of a stream brings.
struct StreamLine {
  std::vector<Json> records;
  bool is_done = false;     // `data: [DONE]`
  std::string error_words;  // of an error that is no JSON
};

/// Server-sent events, also with several `data:` lines. Other lines are kept in `event.body`.
StreamLine read_event_line(ParsedOutput& parsed, std::string_view line);
/// One record a line, or one record over several lines; `data:` before it does no harm.
StreamLine read_json_line(ParsedOutput& parsed, std::string_view line);
/// The records among the lines that were no events, at the end of a response.
std::vector<Json> records_in_body(ParsedOutput& parsed);

/// What a message has beside its words: thoughts that the server keeps apart, a refusal, calls of tools.
void note_beside_words(const Json& message, ParsedOutput& parsed);
/// Adds words to the answer.
void say_words(std::string_view words, ParsedOutput& parsed);

/// How the answer ended (finish_reason, done_reason). Only known good ends are an end; unknown words are none.
void read_reason(std::string_view reason, const Task& task, ParsedOutput& parsed);
/// Does the name of a reason say that the answer did not come to its end?
bool is_bad_reason(std::string_view reason);

/// Does the name say that the model thinks before it answers?
bool names_thinker(std::string_view model);
/// Is it a model for chats, by its name: not for embedding, ranking, speech or images?
bool names_chat_model(std::string_view model);
/// By what the server's list says of it; if that decides nothing, by its name.
bool is_chat_model(const Json& row, std::string_view name);

}  // namespace delegate
