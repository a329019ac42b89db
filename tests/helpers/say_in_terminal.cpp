#include <csignal>
#include <fstream>

#include "core/notify/terminal_channel.hpp"
#include "core/os/startup.hpp"

// Shows a notification in the terminal that stdout is. The arguments are its title, its text and a file that gets what
// is to be recorded about it.
int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const delegate::SystemClock clock;
  delegate::CancelToken interrupted;
  const volatile std::sig_atomic_t signal = 0;
  const delegate::ProcessFacts process{.environment = delegate::inherited_environment(),
                                       .clock = clock,
                                       .interrupted = interrupted,
                                       .signal = signal,
                                       .err = 1};
  const auto shown = delegate::notify::terminal_channel(process).deliver(
      {.kind = "test", .text = {.title = argv[1], .message = argv[2]}});
  std::ofstream(argv[3]) << (shown ? shown->detail : shown.error().what);
  return shown && shown->accepted ? 0 : 1;
}
