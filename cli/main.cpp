#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>

#include "cli/exit_code.hpp"
#include "cli/world.hpp"

namespace {

volatile std::sig_atomic_t g_signal = 0;
delegate::CancelToken* g_interrupted = nullptr;

void interrupt(int signal) {
  g_signal = signal;
  g_interrupted->cancel();
}

void handle_signals(delegate::CancelToken& interrupted) {
  g_interrupted = &interrupted;
  struct sigaction action {};
  action.sa_handler = interrupt;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);  // nohup, and background jobs of scripts
  }
  ::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of the write, not our end
}

/// A stream that was closed by the caller must not become the number of the next file that is opened (the state!). Such
/// a stdin is empty; such an output cannot be written, which is an error that is reported.
void keep_standard_streams_apart() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDONLY));  // takes the lowest free number
}

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
    if (const char* equals = std::strchr(*entry, '='))
      out.emplace(std::string(*entry, static_cast<std::size_t>(equals - *entry)), equals + 1);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  try {  // the last border where exceptions end
    keep_standard_streams_apart();
    delegate::CancelToken interrupted;
    handle_signals(interrupted);
    const delegate::SystemClock clock;
    std::error_code no_directory;
    delegate::cli::World world{.arguments = {argv + (argc > 0 ? 1 : 0), argv + argc},
                               .environment = environment(),
                               .cwd = std::filesystem::current_path(no_directory).string(),
                               .clock = clock,
                               .interrupted = interrupted,
                               .signal = g_signal};
    return delegate::cli::run(world);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "delegate: internal error: %s\n", error.what());
    return delegate::cli::kInternal;
  }
}
