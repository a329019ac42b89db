#pragma once
#include <string_view>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"

namespace delegate {

/// Writes to a terminal that others use as well, in one piece, and gives up when it takes nothing for so long (Ctrl-S).
/// Whoever has it open may write, whosever it is; how others have it open stays as it is.
/// Code::closed: it has gone away. Code::unavailable: it takes nothing. Code::deadline_exceeded: it took a part, or may
/// have.
Status write_to_terminal(int terminal, std::string_view bytes, milliseconds patience);

}  // namespace delegate
