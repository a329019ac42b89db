#pragma once
#include <string>
#include <string_view>

namespace delegate::config {

/// What to write instead of a line that is no TOML; empty: it is not clear what was meant.
std::string hint_for_syntax(std::string_view line);

}  // namespace delegate::config
