#pragma once
#include "cli/setup/jsonc_edit.hpp"

// An editor's settings as text, in whichever language: what they say, and the same text with one value changed.
namespace delegate::cli::setup {

enum class Language { jsonc, toml };

/// What the text says, as JSON. An error is `line L, column C: what`. A text without a value is an empty object.
Result<Json> read_settings(Language language, std::string_view text);

/// As put_jsonc and put_toml.
Result<std::string> put_setting(Language language, std::string_view text, const KeyPath& path, const Json& value);
Result<std::string> remove_setting(Language language, std::string_view text, const KeyPath& path);

/// A text that says this and nothing else.
std::string whole_settings(Language language, const KeyPath& path, const Json& value);

/// Null: it is not there.
const Json* setting_at(const Json& settings, const KeyPath& path);

}  // namespace delegate::cli::setup
