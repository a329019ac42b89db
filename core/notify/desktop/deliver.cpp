#include "core/notify/desktop/deliver.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "core/base/environment.hpp"
#include "core/base/text.hpp"
#include "core/notify/desktop/bus_calls.hpp"
#include "core/notify/desktop/portal.hpp"
#include "core/notify/desktop/server.hpp"

namespace delegate::notify::desktop {
namespace {

using Environment = std::map<std::string, std::string>;

/// What the session bus starts is shown on the display of its own activation environment, which is systemd's if it runs
/// the session. That one knows the display also where this process does not: under cron, in a unit, in a tmux that is
/// older than the desktop, over ssh. It may be left over from an earlier session, so the display has to listen.
bool has_display(BusCalls& calls, const Environment& own) {
  if (!variable_in(own, "WAYLAND_DISPLAY").empty() || !variable_in(own, "DISPLAY").empty()) return true;
  const std::vector<LocalSocket> displays = display_addresses(calls.environment_of_systemd());
  const Deadline by = Deadline::in(kDisplayTimeout);
  return std::any_of(displays.begin(), displays.end(),
                     [&](const LocalSocket& display) { return is_listening(display, by); });
}

/// Flatpak or Snap. In any other container with a session bus, such as one of toolbox, the portal accepts a
/// notification and shows nothing.
bool is_in_sandbox(const Environment& environment) {
  std::error_code unknown;
  return std::filesystem::exists("/.flatpak-info", unknown) || variable_in(environment, "container") == "flatpak" ||
         !variable_in(environment, "SNAP").empty();
}

/// Finds the process with this name on the bus, or starts it where a person could see what it shows. That is
/// tried once, as the watchdog expects.
class Reach {
 public:
  Reach(BusCalls& calls, const Notice& notice, const Environment& environment,
        const std::function<void(milliseconds)>& on_activation)
      : calls_(calls),
        notice_(notice),
        environment_(environment),
        on_activation_(on_activation),
        may_start_(notice.activation > milliseconds(0)) {}

  /// `what` is for messages.
  Result<std::string> operator()(const char* name, const std::string& what) {
    TRY(auto owner, calls_.owner_of(name));
    if (owner) return *std::move(owner);
    const std::string none = "no " + what + " is running";
    if (notice_.summary.empty()) return fail(Code::not_found, none + ", so there is nothing to close");
    TRY(const bool startable, calls_.can_start(name));
    if (!startable) return fail(Code::not_found, none + ", and the session bus cannot start one");
    if (!std::exchange(may_start_, false)) return fail(Code::not_found, none + ", and starting one is disabled");
    if (!has_display(calls_, environment_)) return fail(Code::not_found, none + ", and there is no display for one");
    on_activation_(notice_.activation);
    TRY_STATUS(calls_.start(name, notice_.activation));
    TRY(owner, calls_.owner_of(name));
    if (!owner) return fail(Code::unavailable, "the " + what + " exited right after its start");
    return *std::move(owner);
  }

 private:
  BusCalls& calls_;
  const Notice& notice_;
  const Environment& environment_;
  const std::function<void(milliseconds)>& on_activation_;
  bool may_start_;
};

Status run(const Notice& notice, const Environment& environment, const std::function<void(milliseconds)>& on_activation,
           NoticeResult& result) {
  const Deadline by = Deadline::in(notice.budget);
  TRY(SessionBus bus, SessionBus::open(bus_addresses(environment, ::geteuid()), by));
  const bool is_bus_outside = bus.is_outside();
  BusCalls calls(std::move(bus), by, notice.budget);
  Reach reach(calls, notice, environment, on_activation);
  const auto server = reach(kServer, "notification server");
  Status shown = server ? show_at_server(calls, *server, notice, result) : tl::unexpected(server.error());
  const bool is_hidden = !shown && (shown.error().code == Code::permission_denied ||
                                    (is_bus_outside && shown.error().code == Code::not_found && !server));
  if (!is_hidden || !is_in_sandbox(environment)) return shown;
  const auto portal = reach(kPortal, "desktop portal");
  return portal ? show_through_portal(calls, *portal, notice, result) : shown;
}

}  // namespace

NoticeResult deliver(const Notice& notice, const std::map<std::string, std::string>& environment,
                     const std::function<void(milliseconds)>& on_activation) {
  const Steady begun = std::chrono::steady_clock::now();
  NoticeResult result;
  if (notice.close) result.closed = false;
  if (const Status done = run(notice, environment, on_activation, result); !done) {
    result.reason = one_line(done.error().what, 300);
    result.timed_out = done.error().code == Code::deadline_exceeded;
  }
  result.took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);
  return result;
}

}  // namespace delegate::notify::desktop
