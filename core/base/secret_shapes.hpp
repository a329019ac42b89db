#pragma once
#include <string>
#include <string_view>

namespace delegate {

/// Which bytes of a text are secret: a mark for each, 0 or 1.
using SecretMarks = std::string;

/// Marks what looks like a secret: keys and tokens of known vendors, JSON web tokens, private keys,
/// values of headers and assignments (`Authorization: …`, `"apiKey": "…"`, `password=…`), and credentials in URLs.
void mark_secret_shapes(std::string_view text, SecretMarks& marks);

}  // namespace delegate
