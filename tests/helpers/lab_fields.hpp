#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"

// Reading the fields of one input line; what is missing or of the wrong type is an error that names it.
namespace delegate::lab {

using Json = nlohmann::ordered_json;

/// The largest number taken: exact in a double too, and far from every overflow.
inline constexpr std::int64_t kLargest = 9'007'199'254'740'991;

Result<std::string> text_field(const Json& line, const std::string& name);
/// A whole number of milliseconds, at most kLargest either way.
Result<milliseconds> time_field(const Json& line, const std::string& name);
/// As time_field, but never negative; absent and null are nothing.
Result<std::optional<milliseconds>> maybe_duration_field(const Json& line, const std::string& name);

/// A whole number from `least` to kLargest.
Result<std::int64_t> whole_number(const Json& value, const std::string& name, std::int64_t least);

}  // namespace delegate::lab
