#pragma once
#include <string>
#include <string_view>

// What an outcome is called where others may look on, as on a locked screen: fixed words, nothing that was said by a
// backend, no path, no name of a file.
namespace delegate {

/// Completes "NAME is unavailable: …".
std::string_view cause_of(std::string_view outcome);
/// One sentence: what a person can do about it.
std::string advice_for(std::string_view outcome, std::string_view backend);

}  // namespace delegate
