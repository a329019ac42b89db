#pragma once
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/health/outcome.hpp"
#include "core/run/backend.hpp"
#include "core/run/reset_time.hpp"

namespace delegate {

/// What a text in an error means. Patterns are PCRE2 and are matched against error text only: a backend's structured
/// error message or its stderr, never a model's answer, where "401" may stand for anything.
struct Signature {
  const char* pattern;
  Outcome outcome;
};

/// The outcome of the first signature that matches, whatever the case of its letters.
std::optional<Outcome> match(std::span<const Signature> signatures, std::string_view text);
/// … and the line of the text that says so.
struct Finding {
  Outcome outcome;
  std::string line;
};
std::optional<Finding> find(std::span<const Signature> signatures, std::string_view text);
/// A person's own pattern, case and all; one that cannot be compiled or evaluated matches nothing.
bool matches(const std::string& pattern, std::string_view text);

/// What the first group of `pattern` captures in `text`, case and all; empty when it does not match.
std::string captured(const std::string& pattern, std::string_view text);

/// What the vendors have in common: sign-in, quota, rate limit, overload, model, context, connection.
std::span<const Signature> common_signatures();

/// HTTP status of a vendor's API -> outcome; nothing for 2xx and unknown ones.
std::optional<Outcome> outcome_of_status(std::int64_t status);

}  // namespace delegate
