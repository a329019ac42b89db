#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace delegate::cli::markdown {

struct Layout {
  int columns = 80;
  bool in_colour = false;
};

/// One or more whole blocks of Markdown for a terminal, each line with its newline. Nothing if they are nested too
/// deeply, if a table has too many cells, or if libmd4c cannot be loaded.
std::optional<std::string> rendered(std::string_view block, const Layout& layout);

}  // namespace delegate::cli::markdown
