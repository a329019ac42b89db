#pragma once
#include <map>
#include <string>
#include <vector>

namespace delegate::notify::desktop {

/// A place where the session bus may be: a socket of this machine.
struct BusPlace {
  std::string socket;        // its path, or the name of an abstract one
  bool is_abstract = false;  // named, not in the file system
  std::string unusable;      // why it cannot be one; empty: it can
};

/// Where the session bus of this user may be, best first: DBUS_SESSION_BUS_ADDRESS, then the runtime directory, because
/// in a terminal multiplexer the first may be that of a login long gone. That is XDG_RUNTIME_DIR, else (cron, `su -`)
/// where systemd makes it. Only local sockets: an address that starts a program or leads over a network is not
/// followed.
std::vector<BusPlace> bus_places(const std::map<std::string, std::string>& environment, unsigned user);

}  // namespace delegate::notify::desktop
