#pragma once
#include "core/run/backend.hpp"

namespace delegate {

const Backend& ollama_backend();

}  // namespace delegate
