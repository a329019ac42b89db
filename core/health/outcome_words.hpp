#pragma once
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

/// The same in at most kLongestTitleWords characters, for the title of a notification: "quota used up".
std::string_view title_for(std::string_view outcome_name);
inline constexpr std::size_t kLongestTitleWords = 16;

/// What ends an outage that began with an outcome.
enum class Remedy {
  wait,  // it ends by itself
  look,  // it may end by itself, or need a person
  act,   // it does not end before a person does something, such as sign in again
};
Remedy remedy_for(std::string_view outcome_name);

}  // namespace delegate
