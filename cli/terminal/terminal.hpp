#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace delegate::cli {

/// Columns of the terminal behind `fd` as it is now; nothing when it is none.
std::optional<int> columns_of(int fd);

/// How many columns the text takes: wide characters two, combining ones none. Without control characters.
int width_of(std::string_view text);

/// The beginning of a line that fits into so many columns; an ellipsis stands for what was cut away.
std::string cut_to(std::string_view line, int columns);

/// Somebody else's text, for a terminal: control characters other than newline and tab would steer it (move, recolour,
/// set the clipboard), so they are shown instead (`^[`).
std::string harmless(std::string_view text);

}  // namespace delegate::cli
