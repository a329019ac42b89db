#pragma once
#include <string>

#include "core/base/result.hpp"

namespace delegate {

/// Shows a text with a command for sh, which reads it from stdin and has the terminal until it ends. An error: it could
/// not be started, or ended with another status than 0; it may have shown nothing then.
Status page_through(const std::string& command, const std::string& text);

}  // namespace delegate
