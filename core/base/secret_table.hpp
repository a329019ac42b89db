#pragma once
#include <cstddef>
#include <span>
#include <string_view>

namespace delegate {

/// The characters that a key is made of after its prefix.
enum class Tail { alnum, upper, capitals, hex, word, dotted, base64, token, path };

/// What keeps the names of programs from being taken for keys. A random tail has it nearly always.
enum class Proof {
  digit,
  varied,  // a digit, or random letters of both cases
  mixed    // a digit and letters of both cases, at random
};

/// How the keys of a vendor begin, and how they go on.
struct SecretShape {
  std::string_view prefix;
  Tail tail;
  std::size_t shortest;  // of the tail, in bytes; somewhat below the real length, because a key may be cut off
  Proof proof = Proof::digit;
};

/// In no particular order; a text may match several of them.
std::span<const SecretShape> secret_shapes();

}  // namespace delegate
