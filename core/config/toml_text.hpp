#pragma once
#include <string>
#include <string_view>

#include "core/config/document.hpp"

// Values written as TOML, which can be read back and shown on a terminal without side effects.
namespace delegate::config {

/// In quotes; control characters, invisible characters and those that change the writing direction are escaped.
std::string toml_string(std::string_view text);

/// A value of a layer. One of a type that no key has (a date) is only described.
std::string toml_text(const Node& node);

}  // namespace delegate::config
