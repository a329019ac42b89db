#pragma once
#include "core/run/backend.hpp"

namespace delegate {

const Backend& command_backend();

}  // namespace delegate
