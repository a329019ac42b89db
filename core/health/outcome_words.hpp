#pragma once
#include <string>
#include <string_view>

#include "core/health/outcome.hpp"

// Outcomes in words for people, in one table. The words are fixed and may appear on a locked screen: they never contain
// text from a backend, a path or a file name.
namespace delegate {

/// A short phrase for lists and messages: "signed out", "rate limited". Codes are for JSON only.
std::string_view words_for(Outcome outcome);
/// The same for a stored name, which may also be why a backend was skipped; a name that this version does not know is
/// returned as it is.
std::string_view words_for(std::string_view name);

/// Completes "NAME is unavailable: …" in a notification.
std::string_view cause_of(std::string_view outcome_name);
/// One sentence for a notification: what a person can do about it.
std::string advice_for(std::string_view outcome_name, std::string_view backend);

}  // namespace delegate
