#pragma once
#include <string>
#include <string_view>

#include "core/config/document.hpp"

// Values written as TOML. What comes out can be read back, and is harmless to a terminal and to whoever reads it there.
namespace delegate::config {

/// In quotes; characters that steer a terminal, change the direction of writing or take no room are escapes.
std::string toml_string(std::string_view text);

/// A value as a layer has it. What no key takes (a date) is only named.
std::string toml_text(const Node& node);

}  // namespace delegate::config
