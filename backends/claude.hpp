#pragma once
#include "core/run/backend.hpp"

namespace delegate {

const Backend& claude_backend();

}  // namespace delegate
