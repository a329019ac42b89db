#pragma once
#include "cli/setup/jsonc_edit.hpp"

// An editor's settings as text in JSONC, TOML or YAML: reads them, and changes one value in the text.
namespace delegate::cli::setup {

enum class Language { jsonc, toml, yaml };

/// The settings as JSON. An error is `line L, column C: what`. A text without a value gives an empty object.
Result<OrderedJson> read_settings(Language language, std::string_view text);

/// As in jsonc_edit.hpp, toml_edit.hpp and yaml_edit.hpp. A text in TOML needs no remains: its tables stand for
/// themselves.
Result<std::string> put_setting(Language language, std::string_view text, const KeyPath& path,
                                const OrderedJson& value);
Remains remains_of(Language language, std::string_view text, const KeyPath& path);
Result<std::string> remove_setting(Language language, std::string_view text, const KeyPath& path,
                                   const Remains& remains = {});

/// A text with only this setting.
std::string whole_settings(Language language, const KeyPath& path, const OrderedJson& value);

/// Null if it does not exist.
const OrderedJson* setting_at(const OrderedJson& settings, const KeyPath& path);

}  // namespace delegate::cli::setup
