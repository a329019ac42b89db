#pragma once
#include <map>
#include <string>
#include <vector>

namespace delegate::notify::desktop {

/// A possible address of the session bus or of a display: a socket on this machine.
struct LocalSocket {
  std::string name;          // its path, or the name of an abstract one
  bool is_abstract = false;  // named, not in the file system
  std::string unusable;      // why it cannot be used; empty: it can
};

/// Possible addresses of this user's session bus, best first: DBUS_SESSION_BUS_ADDRESS, then the runtime directory,
/// because inside a terminal multiplexer the variable may be left over from an earlier login. The runtime directory is
/// XDG_RUNTIME_DIR, or systemd's default where the variable is missing (cron, `su -`). Only local sockets are usable:
/// an address that starts a program or leads over a network is not followed.
std::vector<LocalSocket> bus_addresses(const std::map<std::string, std::string>& environment, unsigned user);

/// Where the displays listen that WAYLAND_DISPLAY and DISPLAY name; nothing for a display of another machine.
std::vector<LocalSocket> display_addresses(const std::map<std::string, std::string>& environment);

}  // namespace delegate::notify::desktop
