#include "backends/words.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace delegate {
namespace {

bool is_thought(const Json& part) {
  const std::string type = text_at(part, "/type");
  return type.find("think") != std::string::npos || type.find("reason") != std::string::npos || type == "thought";
}

/// A call, or a result.
bool is_of_tool(const Json& part) { return text_at(part, "/type").find("tool") != std::string::npos; }

bool is_unknown_shape(const Json& part) {
  if (part.is_array()) return std::any_of(part.begin(), part.end(), is_unknown_shape);
  if (!part.is_object()) return part.is_primitive() && !part.is_null() && !part.is_string();
  return !part.empty() && !is_of_tool(part) && !is_thought(part) && !at(part, "/text").is_string() &&
         words_in(part).empty();
}

}  // namespace

std::string words_in(const Json& content) {
  if (content.is_string()) return piece_of(content);
  std::string words;
  if (content.is_object() && !is_thought(content) && !is_of_tool(content))
    for (const char* place : {"/text", "/value", "/content"})
      if (words.empty()) words = words_in(at(content, place));
  if (content.is_array())
    for (const Json& part : content)
      if (!part.is_array()) words += words_in(part);
  return words;
}

void note_unknown_shape(const Json& content, ParsedOutput& parsed) {
  if (content.is_number() || content.is_boolean()) ++parsed.unreadable;  // a piece of an answer is lost with it
  if (is_unknown_shape(content))
    parsed.if_empty = Failure{.outcome = Outcome::bad_output,
                              .message = "its answer has a shape that is not known: " + one_line(dump(content), 200),
                              .is_recognised = false};
}

}  // namespace delegate
