#pragma once
#include "core/run/backend.hpp"

namespace delegate {

const Backend& openai_backend();

}  // namespace delegate
