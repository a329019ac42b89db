#pragma once
#include <optional>
#include <string_view>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"

namespace delegate {

bool is_terminal(int fd);

struct TerminalSize {
  int columns = 80;
  int rows = 0;  // 0: unknown
};
/// The current size; 80 columns if the terminal does not know it. Nothing if `fd` is not a terminal.
std::optional<TerminalSize> terminal_size(int fd);

/// False if job control says that another process group reads what is typed there. True for a terminal other than the
/// controlling one, which has no job control.
bool is_in_foreground(int terminal);

/// Writes to a terminal that other processes use as well, in one piece, and gives up if the terminal accepts nothing
/// within `patience` (Ctrl-S). Flags of the open file, which other processes share, stay as they are.
/// Code::closed: the terminal is gone. Code::unavailable: it accepts nothing. Code::deadline_exceeded: it accepted a
/// part, or may have.
Status write_to_terminal(int terminal, std::string_view bytes, milliseconds patience);

}  // namespace delegate
