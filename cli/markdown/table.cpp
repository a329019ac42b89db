#include "cli/markdown/table.hpp"

#include <algorithm>
#include <numeric>

namespace delegate::cli::markdown {
namespace {

constexpr int kNarrowestColumn = 4;
constexpr int kBetween = 3;  // " │ "
using Row = std::vector<StyledLine>;

/// The width of each column: its own, or less for the widest ones until all fit into `room`.
std::vector<int> column_widths(const Table& table, int room) {
  std::vector<int> widths(table.rows.front().size(), 1);
  for (const Row& row : table.rows)
    for (std::size_t i = 0; i < std::min(row.size(), widths.size()); ++i)
      for (const StyledLine& line : wrapped(row[i], room)) widths[i] = std::max(widths[i], width_of(line));
  while (std::accumulate(widths.begin(), widths.end(), 0) > room) --*std::max_element(widths.begin(), widths.end());
  return widths;
}

void append_aligned(StyledLine& line, const StyledLine& cell, int columns, Alignment alignment) {
  const int space = std::max(0, columns - width_of(cell));
  const int before = alignment == Alignment::right ? space : alignment == Alignment::centre ? space / 2 : 0;
  append(line, std::string(static_cast<std::size_t>(before), ' '));
  line.insert(line.end(), cell.begin(), cell.end());
  append(line, std::string(static_cast<std::size_t>(space - before), ' '));
}

void add_row(std::vector<StyledLine>& lines, const Table& table, const Row& row, const std::vector<int>& widths) {
  std::vector<std::vector<StyledLine>> cells;
  std::size_t height = 1;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    cells.push_back(wrapped(i < row.size() ? row[i] : StyledLine{}, widths[i]));
    height = std::max(height, cells.back().size());
  }
  for (std::size_t at = 0; at < height; ++at) {
    StyledLine& line = lines.emplace_back();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (i > 0) append(line, " │ ", faint);
      append_aligned(line, at < cells[i].size() ? cells[i][at] : StyledLine{}, widths[i], table.alignments[i]);
    }
    while (!line.empty() && line.back().bytes == " ") line.pop_back();
  }
}

StyledLine rule_below_head(const std::vector<int>& widths) {
  StyledLine line;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (i > 0) append(line, "─┼─", faint);
    for (int column = 0; column < widths[i]; ++column) append(line, "─", faint);
  }
  return line;
}

std::vector<StyledLine> as_list(const Table& table, int columns) {
  std::vector<StyledLine> lines;
  const Row& head = table.rows.front();
  for (std::size_t at = 1; at < table.rows.size(); ++at) {
    if (at > 1) lines.emplace_back();
    for (std::size_t i = 0; i < std::min(head.size(), table.rows[at].size()); ++i) {
      StyledLine cell = head[i];
      append(cell, ": ");
      cell.insert(cell.end(), table.rows[at][i].begin(), table.rows[at][i].end());
      for (StyledLine& line : wrapped(cell, columns)) lines.push_back(std::move(line));
    }
  }
  return lines;
}

}  // namespace

std::vector<StyledLine> laid_out(const Table& table, int columns) {
  if (table.rows.empty() || table.rows.front().empty()) return {};
  const int count = static_cast<int>(table.rows.front().size());
  const int room = columns - kBetween * (count - 1);
  if (room < kNarrowestColumn * count) return as_list(table, columns);
  const std::vector<int> widths = column_widths(table, room);
  std::vector<StyledLine> lines;
  for (const Row& row : table.rows) {
    add_row(lines, table, row, widths);
    if (&row == &table.rows.front()) lines.push_back(rule_below_head(widths));
  }
  return lines;
}

}  // namespace delegate::cli::markdown
