#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>

#include "cli/commands/dispatch.hpp"
#include "core/base/exit_code.hpp"
#include "core/os/startup.hpp"

namespace {

/// How long init waits for the announcer in a container: the time that it gathers plus the usual notify.hook_timeout.
constexpr delegate::milliseconds kLastWords{8'000};

volatile std::sig_atomic_t g_signal = 0;
delegate::CancelToken* g_interrupted = nullptr;

void interrupt(int signal) {
  g_signal = signal;
  g_interrupted->cancel();
}

/// Where an exception ends that nothing has caught: as a rule, there is not even the memory to report that there is
/// none.
[[noreturn]] void end_at_once() {
  const char* what = "internal error: unexpected end";
  try {
    if (const std::exception_ptr current = std::current_exception()) std::rethrow_exception(current);
  } catch (const std::bad_alloc&) {
    what = "out of memory";
  } catch (...) {
    what = "internal error: an exception that nothing caught";
  }
  std::fprintf(stderr, "delegate: %s\n", what);
  std::_Exit(delegate::kInternal);
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
  ::signal(SIGXFSZ, SIG_IGN);  // and so is a file that must not grow (ulimit -f)
}

}  // namespace

int main(int argc, char** argv) {
  std::set_terminate(end_at_once);
  try {  // the last border where exceptions end
    delegate::split_off_init(kLastWords);
    delegate::reserve_standard_streams();
    if (const delegate::Status stack = delegate::reserve_stack(); !stack) {
      std::fprintf(stderr, "delegate: %s\nhint: %s\n", stack.error().what.c_str(), stack.error().hint.c_str());
      return delegate::kAllFailed;
    }
    delegate::share_one_heap();
    delegate::CancelToken interrupted;
    handle_signals(interrupted);
    const delegate::SystemClock clock;
    std::error_code no_directory;
    delegate::cli::World world{{.environment = delegate::inherited_environment(),
                                .cwd = std::filesystem::current_path(no_directory).string(),
                                .clock = clock,
                                .interrupted = interrupted,
                                .signal = g_signal},
                               {argv + (argc > 0 ? 1 : 0), argv + argc}};
    return delegate::cli::run_program(world);
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "delegate: out of memory\nhint: `ulimit -a` shows limits\n");
    return delegate::kInternal;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "delegate: internal error: %s\n", error.what());
    return delegate::kInternal;
  }
}
