#pragma once
#include <initializer_list>
#include <optional>

#include "core/base/json.hpp"
#include "core/quota/windows.hpp"

// Fields of a vendor's report about quota windows. What makes no sense is absent.
namespace delegate {

/// The first of these places that has a number which is neither negative nor beyond all times.
std::optional<double> amount_at(const Json& json, std::initializer_list<const char*> places);

/// The same as a time or a span: seconds there.
std::optional<milliseconds> seconds_at(const Json& json, std::initializer_list<const char*> places);

}  // namespace delegate
