#pragma once
#include <string>
#include <string_view>

#include "cli/setup/jsonc_edit.hpp"

// The same changes as in jsonc_edit.hpp, in TOML that parses: of a table that has a header of its own, [a.b]. Tables
// within lines and dotted keys are not taken apart: an error says so.
namespace delegate::cli::setup {

/// An object at `path` becomes a table at the end of the text; any other value a key of the table above it, which must
/// have a header.
Result<std::string> put_toml(std::string_view text, const KeyPath& path, const Json& value);

/// Without the table at `path` and those below it, and without the empty line before each.
Result<std::string> remove_toml(std::string_view text, const KeyPath& path);

/// The table alone.
std::string whole_toml(const KeyPath& path, const Json& table);

}  // namespace delegate::cli::setup
