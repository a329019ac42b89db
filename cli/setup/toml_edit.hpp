#pragma once
#include <string>
#include <string_view>

#include "cli/setup/jsonc_edit.hpp"

// The changes of jsonc_edit.hpp for valid TOML, in tables with a header of their own, [a.b]. Inline tables and dotted
// keys are not supported and give an error.
namespace delegate::cli::setup {

/// An object at `path` becomes a table at the end of the text; any other value a key of the table above it, which must
/// have a header.
Result<std::string> put_toml(std::string_view text, const KeyPath& path, const OrderedJson& value);

/// Removes the table at `path` and those below it, with the empty line before each.
Result<std::string> remove_toml(std::string_view text, const KeyPath& path);

/// A table on one line, in braces.
std::string inline_toml(const OrderedJson& table);

/// How a table is written that has no header: as a value, or as a key with dots in the table above it.
enum class TomlForm { header, braces, dots };
TomlForm toml_form(std::string_view text, const KeyPath& path);

/// A text with only this table.
std::string whole_toml(const KeyPath& path, const OrderedJson& table);

}  // namespace delegate::cli::setup
