#pragma once
#include "core/run/backend.hpp"

namespace delegate {

/// All kinds of backends, one line each. Null: no such kind.
const Backend* find_backend(std::string_view kind);

}  // namespace delegate
