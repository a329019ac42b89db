#pragma once
#include <cstddef>
#include <string>
#include <string_view>

// UTF-8: the only place that takes it apart. Every function accepts any bytes; a byte that is not part of valid UTF-8
// (RFC 3629: no surrogates, no overlong forms) counts as one U+FFFD.
namespace delegate {

struct CodePoint {
  char32_t value = 0;
  std::string_view bytes;  // as they are in the text
  bool is_valid = true;    // false: value is U+FFFD, bytes is one byte
};

/// Removes the first code point from `text`, which must not be empty.
CodePoint take_code_point(std::string_view& text);

/// U+0000 to U+001F, U+007F to U+009F: some terminals act on the latter, too.
bool is_control(char32_t value);

/// Characters that change how a terminal shows the others: controls of the writing direction, and separators of lines
/// and paragraphs (Unicode, UAX #9 and UTR #36).
bool is_steering(char32_t value);
/// Of these, the marks that right-to-left text needs beside digits and punctuation (U+061C, U+200E, U+200F). They
/// reorder no words.
bool is_direction_mark(char32_t value);
/// "<U+202E>"
std::string code_point_name(char32_t value);

/// `text` with every byte that is not valid UTF-8 replaced by U+FFFD: for JSON, terminals and the desktop.
std::string valid_utf8(std::string_view text);

/// The longest beginning of `text` with at most `bytes` bytes that does not split a code point.
std::string_view cut_to_bytes(std::string_view text, std::size_t bytes);

/// The same, followed by an ellipsis (in addition to `bytes`) if something was cut off.
std::string shortened_to_bytes(std::string_view text, std::size_t bytes);

/// How many columns of a terminal the text takes: wide characters two, combining ones and control characters none.
int display_width(std::string_view text);

/// The longest beginning of `line` that fits into `columns`; an ellipsis takes the last column if something was cut
/// off.
std::string cut_to_columns(std::string_view line, int columns);

}  // namespace delegate
