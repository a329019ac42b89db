#pragma once
#include <string_view>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"

namespace delegate {

/// Writes to a terminal that other processes use as well, in one piece, and gives up if the terminal accepts nothing
/// within `patience` (Ctrl-S). Flags of the open file, which other processes share, stay as they are.
/// Code::closed: the terminal is gone. Code::unavailable: it accepts nothing. Code::deadline_exceeded: it accepted a
/// part, or may have.
Status write_to_terminal(int terminal, std::string_view bytes, milliseconds patience);

}  // namespace delegate
