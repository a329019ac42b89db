#include <unistd.h>

#include "core/notify/terminal_sequence.hpp"
#include "core/os/file.hpp"
#include "core/os/startup.hpp"

// Writes the sequence for a terminal with this process's environment to stdout; the arguments are title and text.
int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto sequence = delegate::notify::desktop::terminal_sequence(
      {.environment = delegate::inherited_environment(), .is_terminal = ::isatty(STDOUT_FILENO) == 1},
      {.title = argv[1], .text = argv[2]});
  return delegate::write_all(STDOUT_FILENO, sequence.bytes) ? 0 : 1;
}
