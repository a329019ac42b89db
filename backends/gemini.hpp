#pragma once
#include "core/run/backend.hpp"

namespace delegate {

const Backend& gemini_backend();

}  // namespace delegate
