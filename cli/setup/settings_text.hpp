#pragma once
#include "cli/setup/jsonc_edit.hpp"

// An editor's settings as text in JSONC or TOML: reads them, and changes one value in the text.
namespace delegate::cli::setup {

enum class Language { jsonc, toml };

/// The settings as JSON. An error is `line L, column C: what`. A text without a value gives an empty object.
Result<OrderedJson> read_settings(Language language, std::string_view text);

/// As put_jsonc and put_toml.
Result<std::string> put_setting(Language language, std::string_view text, const KeyPath& path,
                                const OrderedJson& value);
Result<std::string> remove_setting(Language language, std::string_view text, const KeyPath& path);

/// A text with only this setting.
std::string whole_settings(Language language, const KeyPath& path, const OrderedJson& value);

/// Null if it does not exist.
const OrderedJson* setting_at(const OrderedJson& settings, const KeyPath& path);

}  // namespace delegate::cli::setup
