#pragma once
#include <string>
#include <string_view>

#include "cli/setup/jsonc_edit.hpp"

// The changes of jsonc_edit.hpp for YAML. A library finds where things are; the text is changed by whole lines, because
// writing YAML with a library loses its comments. Servers in braces are only edited if the
// braces are empty: with nothing but blanks inside, and no anchor or tag before them.
namespace delegate::cli::setup {

/// The settings as JSON. A text without a value gives an empty object.
Result<OrderedJson> read_yaml(std::string_view text);

/// An object at `path` becomes a block at the end of the one above it, which is added if it is missing; any other value
/// a line of it.
Result<std::string> put_yaml(std::string_view text, const KeyPath& path, const OrderedJson& value);

/// Of a text without a value at `path`.
Remains remains_of_yaml(std::string_view text, const KeyPath& path);
Result<std::string> remove_yaml(std::string_view text, const KeyPath& path, const Remains& remains);

/// A text with only this.
std::string whole_yaml(const KeyPath& path, const OrderedJson& value);

}  // namespace delegate::cli::setup
