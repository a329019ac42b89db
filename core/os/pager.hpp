#pragma once
#include <string>

#include "core/base/result.hpp"

namespace delegate {

/// Shows a text with a command for sh, which reads it from stdin and has the terminal until it ends. An error: it could
/// not be started, or was not found.
Status page_through(const std::string& command, const std::string& text);

}  // namespace delegate
