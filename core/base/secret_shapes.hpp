#pragma once
#include <string>
#include <string_view>

namespace delegate {

/// Which bytes of a text are secret: a mark for each, 0 or 1.
using SecretMarks = std::string;

void mark(SecretMarks& marks, std::size_t from, std::size_t length);

/// A piece of text without a digit is taken for a word, not for a key.
bool has_digit(std::string_view text);

/// Marks what looks like a secret: keys and tokens of known vendors, JSON web tokens, private keys,
/// values of headers and assignments (`Authorization: …`, `"apiKey": "…"`, `password=…`), and credentials in URLs.
void mark_secret_shapes(std::string_view text, SecretMarks& marks);

}  // namespace delegate
