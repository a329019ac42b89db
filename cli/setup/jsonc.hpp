#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

// JSON with comments and trailing commas, as editors read it: finds the position of each object and member.
namespace delegate::cli::setup {

/// Offsets are of bytes, ends are one past.
struct JsoncValue {
  struct Member;
  enum class Kind { object, list, other };

  Kind kind = Kind::other;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t tail = 0;         // of an object: the end of its last member or comment; only blanks and } follow
  std::vector<Member> members;  // of an object

  /// The last member with this name, which JSON readers use; null if there is none.
  const Member* member(std::string_view key) const;
};

struct JsoncValue::Member {
  std::string key;  // between the quotes, still escaped
  std::size_t begin = 0;
  JsoncValue value;
  std::optional<std::size_t> comma;  // after it
};

struct JsoncText {
  std::optional<JsoncValue> root;  // nothing if the text has only blanks and comments
  std::string strict;              // the same text with spaces for the byte order mark, comments and trailing commas
};

/// An error is `line L, column C: what`. Scalars are located, not checked.
Result<JsoncText> scan_jsonc(std::string_view text);

/// "line 3, column 7" of a byte.
std::string place_in(std::string_view text, std::size_t offset);

}  // namespace delegate::cli::setup
