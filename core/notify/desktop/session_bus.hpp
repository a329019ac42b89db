#pragma once
#include <systemd/sd-bus.h>

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"
#include "core/notify/bus_address.hpp"

namespace delegate::notify::desktop {

struct EndMessage {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
struct EndSlot {
  void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
};
struct EndBus {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }  // not flushed: that would wait
};
using Message = std::unique_ptr<sd_bus_message, EndMessage>;

/// What was answered instead of a result; the words are those of the bus or of a server.
struct ErrorAnswer {
  std::string name;
  std::string words;
};

/// One call and, once it came, its answer. The bus knows where it is, so it stays there.
class Call {
 public:
  Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  std::optional<ErrorAnswer> error() const;
  /// The answer's first value.
  Result<std::string> text() const;
  Result<std::uint32_t> number() const;
  Result<bool> lists(const std::string& text) const;

 private:
  friend class SessionBus;
  Message answer_;
  std::unique_ptr<sd_bus_slot, EndSlot> slot_;
};

/// A connection to the session bus on which nothing waits longer than the deadline that it is given: not for the
/// connection, nor for a bus that accepts and never speaks. sd-bus does the talking, but connects nowhere itself: it
/// would also start programs and look up hosts, and authenticate for 90 s.
class SessionBus {
 public:
  /// The first place where this user's bus accepts. Another user's is left alone, before a byte is sent.
  static Result<SessionBus> open(std::span<const BusPlace> places, Deadline by);

  /// A call that starts no server.
  Result<Message> call_to(const std::string& destination, const char* path, const char* interface, const char* member);
  /// Writes the call as far as the socket takes it; the rest goes out in wait().
  Status send(sd_bus_message& message, Call& call);
  /// Until it is answered, with a result or an error. Else Code::deadline_exceeded, or Code::closed: the bus is gone.
  Status wait(const Call& call, Deadline by);
  /// Whether every byte of every call has left this process.
  bool all_sent() const;
  /// The bus's own id, for as long as it lives.
  Result<std::string> guid() const;

 private:
  explicit SessionBus(sd_bus* bus) : bus_(bus) {}
  std::unique_ptr<sd_bus, EndBus> bus_;
};

}  // namespace delegate::notify::desktop
