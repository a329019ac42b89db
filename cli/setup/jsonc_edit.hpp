#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/result.hpp"

// Changes one value in a text that a user wrote. Comments, order, blanks and all other values stay as they are; new
// text uses the indentation and the line ends of the file.
namespace delegate::cli::setup {

using KeyPath = std::vector<std::string>;

/// `text` with this value at `path`, replacing the existing one or added as the last member of its object. Missing
/// parent objects are added.
Result<std::string> put_jsonc(std::string_view text, const KeyPath& path, const OrderedJson& value);

/// What cannot be seen any more in a text with our entry: how much of the way to it was there before.
struct Remains {
  int depth = 0;      // objects on the path that existed, without the outermost one; -1: not even that
  std::string blank;  // between the braces of the last of them, if it had no members; of depth -1: what ended the text
  bool is_blank = false;  // it had no members and no comments

  bool operator==(const Remains&) const = default;
};

/// Of a text without a value at `path`.
Remains remains_of_jsonc(std::string_view text, const KeyPath& path);

/// `text` without the member at `path`, which must exist, and without parent objects that become empty: not those that
/// `remains` says were there before.
Result<std::string> remove_jsonc(std::string_view text, const KeyPath& path, const Remains& remains);

/// A value on one line.
std::string line_json(const OrderedJson& value);

/// As the content of a new file: two spaces per level, a newline at the end.
std::string whole_json(const OrderedJson& value);

}  // namespace delegate::cli::setup
