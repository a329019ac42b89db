#include "cli/markdown/styled_line.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace delegate::cli::markdown {
namespace {

std::string escape_sequence(Styles styles) {
  std::string out = "\033[0";
  if (styles & bold) out += ";1";
  if (styles & faint) out += ";2";
  if (styles & italic) out += ";3";
  if (styles & struck) out += ";9";
  if (styles & code) out += ";36";
  return out + "m";
}

bool is_space(const Glyph& glyph) { return glyph.bytes == " "; }

/// Where the line that begins at `begin` ends: the first glyph that is not part of it.
std::size_t end_of_line(const StyledLine& text, std::size_t begin, int columns) {
  std::size_t after_word = begin;
  int used = 0;
  for (std::size_t at = begin; at < text.size(); ++at) {
    if (text[at].bytes == "\n") return at;
    if (is_space(text[at])) after_word = at;
    used += text[at].columns;
    if (used > columns && at > begin) return after_word > begin ? after_word : at;
  }
  return text.size();
}

}  // namespace

void append(StyledLine& line, std::string_view text, Styles styles) {
  const std::string harmless = escape_controls(text);
  for (std::string_view rest = harmless; !rest.empty();) {
    const std::string_view bytes = take_code_point(rest).bytes;
    line.push_back({bytes == "\t" ? " " : std::string(bytes), bytes == "\t" ? 1 : display_width(bytes), styles});
  }
}

std::string with_spaces(std::string_view line) {
  constexpr std::size_t kStop = 4;
  std::string out;
  for (std::size_t column = 0; !line.empty();) {
    const std::string_view bytes = take_code_point(line).bytes;
    const bool is_tab = bytes == "\t";
    const std::size_t columns = is_tab ? kStop - column % kStop : static_cast<std::size_t>(display_width(bytes));
    out += is_tab ? std::string(columns, ' ') : std::string(bytes);
    column += columns;
  }
  return out;
}

int width_of(const StyledLine& line) {
  int columns = 0;
  for (const Glyph& glyph : line) columns += glyph.columns;
  return columns;
}

std::vector<StyledLine> wrapped(const StyledLine& text, int columns) {
  std::vector<StyledLine> lines;
  std::size_t begin = 0;
  do {
    const std::size_t end = end_of_line(text, begin, columns);
    lines.emplace_back(text.begin() + static_cast<std::ptrdiff_t>(begin),
                       text.begin() + static_cast<std::ptrdiff_t>(end));
    while (!lines.back().empty() && is_space(lines.back().back())) lines.back().pop_back();
    begin = end;
    while (begin < text.size() && is_space(text[begin])) ++begin;
    if (begin < text.size() && text[begin].bytes == "\n") ++begin;
  } while (begin < text.size());
  return lines;
}

std::string painted(const StyledLine& line, bool in_colour) {
  std::string out;
  Styles now = plain;
  for (const Glyph& glyph : line) {
    if (in_colour && glyph.styles != now) out += escape_sequence(now = glyph.styles);
    out += glyph.bytes;
  }
  return now == plain ? out : out + "\033[0m";
}

}  // namespace delegate::cli::markdown
