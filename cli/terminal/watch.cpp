#include "cli/terminal/watch.hpp"

#include <poll.h>

#include "cli/render/render.hpp"
#include "cli/terminal/output.hpp"
#include "core/base/exit_code.hpp"
#include "core/base/text.hpp"
#include "core/inspect/host_status.hpp"
#include "core/os/file.hpp"
#include "core/os/terminal.hpp"

namespace delegate::cli {
namespace {

constexpr int kIntervalMs = 1'000;
constexpr const char* kHome = "\033[H";
constexpr const char* kClearAll = "\033[2J";
constexpr const char* kClearLine = "\033[K";
constexpr const char* kClearBelow = "\033[J";
constexpr const char* kHideCursor = "\033[?25l";
constexpr const char* kShowCursor = "\033[?25h";

/// Waits for the next update. False: interrupted, or the reader closed the pipe.
bool wait_for_next(const World& world) {
  pollfd waited[] = {{world.interrupted.fd(), POLLIN, 0}, {world.out, 0, 0}};
  ::poll(waited, 2, kIntervalMs);
  return !world.interrupted.cancelled() && (waited[1].revents & (POLLERR | POLLHUP)) == 0;
}

/// Shows the cursor again when it is destroyed.
class Picture {
 public:
  explicit Picture(const World& world) : world_(world) {}
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
  // A terminal that is gone cannot be restored.
  ~Picture() { static_cast<void>(write_all(world_.out, kShowCursor)); }

  Status draw(const std::string& text) {
    std::string frame = begun_ ? kHome : std::string(kHideCursor) + kClearAll + kHome;
    begun_ = true;
    const TerminalSize size = terminal_size(world_.out).value_or(TerminalSize{});
    int rows = size.rows > 1 ? size.rows - 1 : 1'000;
    for (const std::string_view line : split(trim(text), '\n')) {
      if (rows-- == 0) break;  // more lines would scroll the screen
      frame += cut_to_columns(escape_steering(line), size.columns) + kClearLine + "\n";
    }
    return write_all(world_.out, frame + kClearBelow, world_.interrupted);
  }

 private:
  const World& world_;
  bool begun_ = false;
};

/// The status without remaining times, to see whether anything else has changed.
std::string without_clocks(inspect::HostStatus status) {
  for (inspect::BackendStatus& backend : status.backends) {
    backend.breaker.retry_after = milliseconds(0);
    if (backend.breaker.limit_probe_in) backend.breaker.limit_probe_in = milliseconds(0);
    for (inspect::WindowStatus& window : backend.quota.windows) window.used_up_at.reset();
  }
  return to_json(status);
}

Status watch_on_terminal(const World& world, const Engine& engine) {
  Picture picture(world);
  do {
    TRY_STATUS(
        picture.draw(to_text(inspect::status_of(engine, SurveyDepth::only_read), false) + "\nPress Ctrl-C to exit"));
  } while (wait_for_next(world));
  return {};
}

Status watch_elsewhere(const World& world, const Engine& engine, bool json) {
  std::string last;
  do {
    const inspect::HostStatus status = inspect::status_of(engine, SurveyDepth::only_read);
    std::string now = without_clocks(status);
    if (now == last) continue;
    const std::string separator = last.empty() || json ? "" : "\n";
    last = std::move(now);
    TRY_STATUS(
        write_all(world.out, separator + (json ? to_json(status) + "\n" : to_text(status, false)), world.interrupted));
  } while (wait_for_next(world));
  return {};
}

}  // namespace

int watch_status(const World& world, const Engine& engine, bool json) {
  const bool on_terminal = is_terminal(world.out) && world.variable("TERM") != "dumb";
  const Status written = on_terminal && !json ? watch_on_terminal(world, engine) : watch_elsewhere(world, engine, json);
  const int code = Output(world).exit_code_of(written);
  return code == kAnswered && world.signal != 0 ? 128 + world.signal : code;
}

}  // namespace delegate::cli
