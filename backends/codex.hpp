#pragma once
#include "core/run/backend.hpp"

namespace delegate {

const Backend& codex_backend();

}  // namespace delegate
