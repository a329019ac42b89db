#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/health/outcome.hpp"

// The machinery that finds known words in an error text. The words themselves are data, in the files of the wordings.
namespace delegate {

/// One wording. The pattern is PCRE2 and ignores case. It is matched only against structured error messages or stderr,
/// never against an answer, where "401" may mean anything.
struct Signature {
  Outcome outcome;
  const char* pattern;
  const char* example;          // such a message; a test holds that it is recognised as `outcome`
  const char* source;           // where these words were seen, or are documented
  const char* hint = "";        // what to do about it, with placeholders as in Hint; empty: the outcome's own hint
  bool is_callers_own = false;  // the request itself is wrong: no other candidate could do better
};

/// Whose words they are: only this vendor prints them; some vendor does; none yet.
enum class Breadth { vendors_own, common, general };

struct Family {
  std::span<const Signature> rows;
  Breadth breadth = Breadth::common;
};

struct FoundWording {
  const Signature* signature;  // never null
  Breadth breadth;
};

/// The text as it is matched: spaces and quotes of typography made plain, addresses left out (a link to a page about
/// "rate-limits" says nothing), and of a long text only its beginning and end.
std::string plain_words(std::string_view text);

/// `text` without the paths of files in it: the name of a report says nothing.
std::string without_paths(std::string_view text);

/// The first signature that matches. The families are looked at in their order.
std::optional<FoundWording> find(std::span<const Family> families, std::string_view text);

bool matches(const Signature& signature, std::string_view text);

}  // namespace delegate
