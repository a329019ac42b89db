#pragma once
#include <string_view>

#include "core/base/secret_shapes.hpp"

namespace delegate {

/// Marks the values that their names say are secret: headers and assignments (`Authorization: …`, `"apiKey": "…"`,
/// `OPENAI_KEY=…`, `?sig=…`, `<password>…</password>`), options (`--api-key …`) and cookies, also if they are escaped;
/// and the credentials in URLs. One pass over the text, in linear time.
void mark_secret_fields(std::string_view text, SecretMarks& marks);

}  // namespace delegate
