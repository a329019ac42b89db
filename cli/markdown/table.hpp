#pragma once
#include <vector>

#include "cli/markdown/styled_line.hpp"

namespace delegate::cli::markdown {

enum class Alignment { left, centre, right };

struct Table {
  std::vector<Alignment> alignments;          // of the columns
  std::vector<std::vector<StyledLine>> rows;  // of cells; the first row is the head
};

/// Its lines, at most `columns` wide: cells are wrapped. If the columns do not fit beside each other, each row becomes
/// a list of its cells with their heads.
std::vector<StyledLine> laid_out(const Table& table, int columns);

}  // namespace delegate::cli::markdown
