#pragma once
#include <string>
#include <string_view>

// Text that arrives in pieces, each of which may begin or end inside a character: programs cut an answer between the
// two halves of a surrogate pair, or between the bytes of one character. Half of a pair is written here as UTF-8 would
// write that code point, which is no valid UTF-8.
namespace delegate {

/// Appends `piece` to `text`, which stays valid UTF-8. `cut` keeps the bytes of a character whose rest is still to
/// come; what never becomes one is U+FFFD.
void append_piece(std::string& text, std::string& cut, std::string_view piece);

/// No piece follows: what `cut` holds is U+FFFD.
void append_end(std::string& text, std::string& cut);

/// All of `piece`, valid.
std::string valid_pieces(std::string_view piece);

/// How half of a surrogate pair (U+D800 to U+DFFF) is written in a piece.
std::string bytes_of_half(char16_t half);

}  // namespace delegate
