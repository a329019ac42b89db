#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace delegate::cli::markdown {

/// Bits of the look of a character.
enum Style : std::uint8_t { plain = 0, bold = 1, italic = 2, code = 4, struck = 8, faint = 16 };
using Styles = std::uint8_t;

struct Glyph {
  std::string bytes;
  int columns = 0;
  Styles styles = plain;
};
/// Characters that harm no terminal; a newline is a glyph of its own.
using StyledLine = std::vector<Glyph>;

/// Adds text from elsewhere, with its control and steering characters shown instead of obeyed.
void append(StyledLine& line, std::string_view text, Styles styles = plain);
/// Tabs replaced by spaces, with a stop every four columns.
std::string with_spaces(std::string_view line);

int width_of(const StyledLine& line);
/// Lines of at most `columns`: broken at newlines, else at spaces, else within the word.
std::vector<StyledLine> wrapped(const StyledLine& text, int columns);
/// As the terminal gets it; without colours the styles are left out.
std::string painted(const StyledLine& line, bool in_colour);

}  // namespace delegate::cli::markdown
