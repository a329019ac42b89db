#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/render/json.hpp"
#include "core/base/result.hpp"

// Changes of one value in a text that a person wrote. Comments, order, blanks and all other values stay as they are;
// what is new follows the indentation and the line ends of the text.
namespace delegate::cli::setup {

using KeyPath = std::vector<std::string>;

/// `text` with this value at `path`: in place of the one that is there, else as the last member of its object. Objects
/// on the way are made as needed.
Result<std::string> put_jsonc(std::string_view text, const KeyPath& path, const Json& value);

/// `text` without the member at `path`, and without objects on the way to it that hold nothing any more. There must be
/// one.
Result<std::string> remove_jsonc(std::string_view text, const KeyPath& path);

/// As a file of its own would have it: two blanks a level, a newline at the end.
std::string whole_json(const Json& value);

}  // namespace delegate::cli::setup
