#pragma once
#include "core/run/backend.hpp"

namespace delegate {

/// The backend of a kind ("claude", "command", …). Null: unknown kind.
const Backend* find_backend(std::string_view kind);

}  // namespace delegate
