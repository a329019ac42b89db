#pragma once
#include <map>
#include <optional>
#include <string>

#include "core/notify/desktop/session_bus.hpp"

namespace delegate::notify::desktop {

tl::unexpected<Error> error_reply(const std::string& what, const ErrorReply& error);

/// The calls for one notice: the connection, one time limit for all of them, and errors in words for people.
class BusCalls {
 public:
  BusCalls(SessionBus bus, Deadline by, milliseconds timeout) : bus_(std::move(bus)), by_(by), timeout_(timeout) {}

  SessionBus& bus() { return bus_; }
  Deadline by() const { return by_; }
  /// Returns when there is a reply. `who` is to answer.
  Status wait(const BusCall& call, const std::string& who);

  /// The unique name of the process that has this name on the bus; nothing if none has.
  Result<std::optional<std::string>> owner_of(const char* name);
  /// Whether the bus knows a program for this name.
  Result<bool> can_start(const char* name);
  /// Starts it, with this time limit of its own; the time for the other calls begins again after it.
  Status start(const char* name, milliseconds timeout);
  /// The environment of what systemd starts for the user, as far as this bus has a systemd.
  std::map<std::string, std::string> environment_of_systemd();

 private:
  Status ask_bus(const char* member, const char* argument, BusCall& call);

  SessionBus bus_;
  Deadline by_;
  milliseconds timeout_;
};

}  // namespace delegate::notify::desktop
