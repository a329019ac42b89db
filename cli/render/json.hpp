#pragma once
#include "core/base/json.hpp"

namespace delegate::cli {

/// All JSON that the program prints keeps the order of its keys.
using Json = OrderedJson;

inline std::string dump(const Json& json) { return delegate::dump(json); }

}  // namespace delegate::cli
