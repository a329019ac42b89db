#pragma once
#include <map>
#include <string>
#include <vector>

namespace delegate::desktop {

/// A place where the session bus may be: a socket of this machine.
struct BusPlace {
  std::string socket;        // its path, or the name of an abstract one
  bool is_abstract = false;  // named, not in the file system
  std::string unusable;      // why it cannot be one; empty: it can
};

/// Where the session bus may be, best first: DBUS_SESSION_BUS_ADDRESS, then XDG_RUNTIME_DIR, because in a terminal
/// multiplexer the first may be that of a login long gone. Only local sockets: an address that starts a program or
/// leads over a network is not followed.
std::vector<BusPlace> bus_places(const std::map<std::string, std::string>& environment);

}  // namespace delegate::desktop
