#pragma once
#include <string>

#include "core/base/json.hpp"
#include "core/run/backend.hpp"

// What a message says, in the shapes in which CLIs and servers send it.
namespace delegate {

/// The words of a message's content: a string, or parts, without those that are thoughts. A character at their end may
/// be cut, as piece_of leaves it.
std::string words_in(const Json& content);

/// If the content has something that is neither words, thoughts nor a call of a tool: an answer without words has not
/// been understood.
void note_unknown_shape(const Json& content, ParsedOutput& parsed);

}  // namespace delegate
