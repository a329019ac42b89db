#pragma once
#include <systemd/sd-bus.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"
#include "core/notify/bus_address.hpp"

namespace delegate::notify::desktop {

struct UnrefMessage {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
struct UnrefSlot {
  void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
};
struct CloseBus {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }  // without a flush, which could block
};
using Message = std::unique_ptr<sd_bus_message, UnrefMessage>;

/// An error reply; `words` come from the bus or from a server.
struct ErrorReply {
  std::string name;
  std::string words;
};

/// One call and its reply, once received. The bus keeps a pointer to it, so it cannot be moved.
class BusCall {
 public:
  BusCall() = default;
  BusCall(const BusCall&) = delete;
  BusCall& operator=(const BusCall&) = delete;

  std::optional<ErrorReply> error() const;
  /// The first value of the reply.
  Result<std::string> text() const;
  Result<std::uint32_t> number() const;
  /// The first `count` values, all of them strings.
  Result<std::vector<std::string>> texts(std::size_t count) const;
  Result<bool> lists(const std::string& text) const;
  /// The strings of the array in the variant that is the first value.
  Result<std::vector<std::string>> texts_in_variant() const;

 private:
  friend class SessionBus;
  Message reply_;
  std::unique_ptr<sd_bus_slot, UnrefSlot> slot_;
};

/// A connection to the session bus on which every operation ends by its deadline, even if the bus accepts the
/// connection and never replies. The socket is connected here and then passed to sd-bus, because sd-bus itself would
/// also start programs, look up hosts and wait 90 s for authentication. Its authentication is passed on line by line:
/// it writes all lines at once, which the proxy in front of the bus of a Flatpak does not understand.
class SessionBus {
 public:
  /// Connects to the first address at which this user's bus accepts. A bus of another user is never sent a byte.
  static Result<SessionBus> open(std::span<const LocalSocket> addresses, Deadline by);

  /// A call that does not auto-start a server.
  Result<Message> call_to(const std::string& destination, const char* path, const char* interface, const char* member);
  /// Writes as much of the call as the socket accepts; wait() writes the rest.
  Status send(sd_bus_message& message, BusCall& call);
  /// Returns when there is a reply, be it a result or an error. Otherwise Code::deadline_exceeded, or Code::closed if
  /// the bus is gone.
  Status wait(const BusCall& call, Deadline by);
  /// Whether every byte of every call has left this process.
  bool all_sent() const;
  /// The id of this bus instance.
  Result<std::string> guid() const;
  /// Whether the process at the other end is in another pid namespace, so this one is in a sandbox or a container.
  bool is_outside() const { return is_outside_; }

 private:
  SessionBus(sd_bus* bus, int socket, bool is_outside) : bus_(bus), socket_(socket), is_outside_(is_outside) {}
  std::unique_ptr<sd_bus, CloseBus> bus_;
  int socket_;  // owned by bus_
  bool is_outside_;
};

/// Whether a process accepts connections at this socket.
bool is_listening(const LocalSocket& at, Deadline by);

}  // namespace delegate::notify::desktop
