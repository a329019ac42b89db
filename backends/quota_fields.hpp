#pragma once
#include <initializer_list>
#include <optional>

#include "core/base/json.hpp"
#include "core/quota/windows.hpp"

// Fields of a vendor's report about quota windows. What makes no sense is absent.
namespace delegate {

/// The first number at one of these places that is not negative and below 10^12.
std::optional<double> amount_at(const Json& json, std::initializer_list<const char*> places);

/// The same for a time or a duration that is stated in seconds.
std::optional<milliseconds> seconds_at(const Json& json, std::initializer_list<const char*> places);

}  // namespace delegate
