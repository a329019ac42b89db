#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace delegate::cli {

/// Columns of the terminal behind `fd` as it is now; nothing when it is none.
std::optional<int> columns_of(int fd);

/// Somebody else's text, for a terminal: control characters other than newline and tab would steer it (move, recolour,
/// set the clipboard), so they are shown instead (`^[`).
std::string harmless(std::string_view text);

}  // namespace delegate::cli
