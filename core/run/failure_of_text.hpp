#pragma once
#include <string_view>

#include "core/run/backend.hpp"

namespace delegate {

/// The failure of a call whose process printed `text` and exited with code 1, or whose server answered with it. The
/// output is parsed and judged by the code that does so for a real call; nothing is started or sent.
Failure failure_of_text(const Backend& backend, const Task& task, std::string_view text);

}  // namespace delegate
