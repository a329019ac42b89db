#pragma once
#include <cstddef>
#include <string_view>

/// Kinds of bytes, for what looks for secrets. ASCII only; all other bytes are of no kind.
namespace delegate::bytes {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
inline bool is_letter(char c) { return is_upper(c) || is_lower(c); }
inline bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
inline bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
inline bool is_word(char c) { return is_alnum(c) || c == '-' || c == '_'; }
/// The characters of base64 and its variants, and those of tokens in general.
inline bool is_base64(char c) { return is_word(c) || c == '+' || c == '/' || c == '='; }
inline bool is_token(char c) { return is_base64(c) || c == '.' || c == '~'; }
/// A token of nothing else is a word, or several.
inline bool is_prose(char c) { return is_letter(c) || c == '.' || c == '-' || c == '_' || c == '/'; }
inline bool is_quote_mark(char c) { return c == '"' || c == '\'' || c == '`'; }
inline char to_lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

/// `word`, which is in lower case, is in the text at this position, in any case.
inline bool has_word_at(std::string_view text, std::size_t at, std::string_view word) {
  if (text.size() - at < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (to_lower(text[at + i]) != word[i]) return false;
  return true;
}

/// True if the kinds of characters alternate as in random text. In words and identifiers (`kIdentifier2`, `utf8_to_16`)
/// they rarely do. Looks at the beginning only.
inline bool is_random(std::string_view text) {
  constexpr std::size_t kEnough = 64;
  constexpr std::size_t kLongestWord = 5;  // characters for each change, at most
  text = text.substr(0, kEnough);
  bool has_lower = false;
  for (const char c : text) has_lower = has_lower || is_lower(c);
  std::size_t changes = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (!is_alnum(text[i - 1]) || !is_alnum(text[i])) continue;
    const bool is_change = is_digit(text[i - 1]) != is_digit(text[i]);
    if (is_change || (has_lower && is_upper(text[i]))) ++changes;
  }
  return changes * kLongestWord > text.size();
}

}  // namespace delegate::bytes
