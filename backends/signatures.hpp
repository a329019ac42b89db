#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/health/outcome.hpp"

namespace delegate {

/// Maps error text to an outcome. Patterns are PCRE2 and are matched only against structured error messages or stderr,
/// never against an answer, where "401" may mean anything.
struct Signature {
  const char* pattern;
  Outcome outcome;
};

/// The outcome of the first signature that matches, ignoring case.
std::optional<Outcome> match(std::span<const Signature> signatures, std::string_view text);
/// The same with the matching line.
struct SignatureMatch {
  Outcome outcome;
  std::string line;
};
std::optional<SignatureMatch> find(std::span<const Signature> signatures, std::string_view text);
/// For patterns from the configuration, case-sensitive. One that cannot be compiled or evaluated matches nothing.
bool matches(const std::string& pattern, std::string_view text);

/// The first group of `pattern` in `text`, case-sensitive; empty if it does not match.
std::string captured(const std::string& pattern, std::string_view text);

/// Signatures common to all vendors: sign-in, quota, rate limit, overload, model, context, connection.
std::span<const Signature> common_signatures();

/// The outcome of an HTTP status of a vendor's API; none for 2xx and unknown ones.
std::optional<Outcome> outcome_of_status(std::int64_t status);

}  // namespace delegate
