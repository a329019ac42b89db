#include "cli/terminal/watch.hpp"

#include <poll.h>
#include <sys/ioctl.h>

#include "cli/exit_code.hpp"
#include "cli/render/render.hpp"
#include "cli/terminal/output.hpp"
#include "cli/terminal/terminal.hpp"
#include "core/base/text.hpp"
#include "core/os/file.hpp"

namespace delegate::cli {
namespace {

constexpr int kBeatMs = 1'000;
constexpr const char* kHome = "\033[H";
constexpr const char* kClearAll = "\033[2J";
constexpr const char* kClearLine = "\033[K";
constexpr const char* kClearBelow = "\033[J";
constexpr const char* kHideCursor = "\033[?25l";
constexpr const char* kShowCursor = "\033[?25h";

/// Until the next beat. False: interrupted, or nobody reads any longer.
bool wait_for_beat(const World& world) {
  pollfd waited[] = {{world.interrupted.fd(), POLLIN, 0}, {world.out, 0, 0}};
  ::poll(waited, 2, kBeatMs);
  return !world.interrupted.cancelled() && (waited[1].revents & (POLLERR | POLLHUP)) == 0;
}

int exit_of(const World& world, const Output& output, const Status& written) {
  if (!written && written.error().code != Code::closed && written.error().code != Code::cancelled) {
    output.error({written.error().code, "stdout: " + written.error().what, {}});
    return kInternal;
  }
  return world.signal != 0 ? 128 + world.signal : kAnswered;
}

/// Restores the cursor however the watching ends.
class Picture {
 public:
  explicit Picture(const World& world) : world_(world) {}
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
  // Nothing can be done about a terminal that has gone away.
  ~Picture() { static_cast<void>(write_all(world_.out, kShowCursor)); }

  Status draw(const std::string& text) {
    std::string frame = begun_ ? kHome : std::string(kHideCursor) + kClearAll + kHome;
    begun_ = true;
    winsize size{};
    const bool known = ::ioctl(world_.out, TIOCGWINSZ, &size) == 0;
    const int columns = known && size.ws_col > 0 ? size.ws_col : 80;
    int rows = known && size.ws_row > 1 ? size.ws_row - 1 : 1'000;
    for (const std::string_view line : split(trim(text), '\n')) {
      if (rows-- == 0) break;  // more would scroll the picture away
      frame += cut_to_columns(line, columns) + kClearLine + "\n";
    }
    return write_all(world_.out, frame + kClearBelow, world_.interrupted);
  }

 private:
  const World& world_;
  bool begun_ = false;
};

/// What is the same while only clocks run.
std::string without_clocks(inspect::HostStatus status) {
  for (inspect::BackendStatus& backend : status.backends) {
    backend.breaker.retry_after = milliseconds(0);
    if (backend.breaker.limit_probe_in) backend.breaker.limit_probe_in = milliseconds(0);
  }
  return to_json(status);
}

Status watch_on_terminal(const World& world, const Engine& engine) {
  Picture picture(world);
  do {
    TRY_STATUS(picture.draw(to_text(inspect::status_of(engine), false) + "\nCtrl-C ends"));
  } while (wait_for_beat(world));
  return {};
}

Status watch_elsewhere(const World& world, const Engine& engine, bool json) {
  std::string last;
  do {
    const inspect::HostStatus status = inspect::status_of(engine);
    std::string now = without_clocks(status);
    if (now == last) continue;
    const std::string separator = last.empty() || json ? "" : "\n";
    last = std::move(now);
    TRY_STATUS(
        write_all(world.out, separator + (json ? to_json(status) + "\n" : to_text(status, false)), world.interrupted));
  } while (wait_for_beat(world));
  return {};
}

}  // namespace

int watch_status(const World& world, const Engine& engine, bool json) {
  const bool on_terminal = columns_of(world.out).has_value() && world.variable("TERM") != "dumb";
  const Status written = on_terminal && !json ? watch_on_terminal(world, engine) : watch_elsewhere(world, engine, json);
  return exit_of(world, Output(world), written);
}

}  // namespace delegate::cli
