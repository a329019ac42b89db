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

/// `text` without the member at `path`, which must exist, and without parent objects that become empty.
Result<std::string> remove_jsonc(std::string_view text, const KeyPath& path);

/// As the content of a new file: two spaces per level, a newline at the end.
std::string whole_json(const OrderedJson& value);

}  // namespace delegate::cli::setup
