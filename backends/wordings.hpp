#pragma once
#include <span>
#include <string_view>

#include "backends/signatures.hpp"

// What the vendors say when a call fails, as data: one place per vendor. To add a wording, add one row to the family of
// its vendor (or, if others may say it too, to the family of its meaning) with an example; the tests check that no
// earlier row takes the example for something else.
namespace delegate {

enum class Vendor { claude, codex, gemini, server, other };

/// All families that apply to a vendor's messages, in the order in which they are looked at: its own, then those of
/// every vendor, from the certain to the general.
std::span<const Family> wordings_of(Vendor vendor);

/// What a CLI, or what should have started it, says when it never began to work.
std::span<const Family> words_of_no_start();

/// A value of a `type`, `code`, `status` or `reason` field in an API's error.
struct ErrorCode {
  std::string_view name;
  Outcome outcome;
  bool is_vague;  // one for many causes: the words are asked before it
  const char* source;
  const char* hint = "";
};
std::span<const ErrorCode> error_codes();

}  // namespace delegate
