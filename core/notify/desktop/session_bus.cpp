#include "core/notify/desktop/session_bus.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"
#include "core/os/fd.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();  // ours holds instead

tl::unexpected<Error> bus_failed(const std::string& what, int error) {
  return fail(Code::unavailable, "the session bus: " + what + ": " + errno_text(error));
}

Result<socklen_t> fill_address(const BusPlace& place, sockaddr_un& address) {
  address.sun_family = AF_UNIX;
  const std::size_t begins = place.is_abstract ? 1 : 0;  // an abstract name stands behind a NUL, a path before one
  if (place.socket.size() + 1 > sizeof address.sun_path)
    return fail(Code::invalid_argument, "its path is longer than a socket's can be");
  std::memcpy(address.sun_path + begins, place.socket.data(), place.socket.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + place.socket.size() + 1);
}

/// connect() to a local socket waits only while the queue of its listener is full, and that by the send timeout.
Status connect_by(int socket, const BusPlace& place, Deadline by) {
  sockaddr_un address{};
  TRY(const socklen_t size, fill_address(place, address));
  const milliseconds left = std::max(milliseconds(1), by.left().value_or(milliseconds(0)));  // 0 would be forever
  const timeval patience{.tv_sec = left.count() / 1000, .tv_usec = left.count() % 1000 * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0) return {};
  if (errno == EAGAIN) return fail(Code::deadline_exceeded, "it does not accept");
  return fail(Code::unavailable, errno_text(errno));
}

/// Who listens there: whoever this is gets to know what is in the notification.
Status check_owner(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return fail(Code::unavailable, errno_text(errno));
  if (peer.uid != ::geteuid()) return fail(Code::permission_denied, "it is another user's");
  return {};
}

Result<Fd> connected(const BusPlace& place, Deadline by) {
  if (!place.unusable.empty()) return fail(Code::invalid_argument, place.unusable);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(Code::resource_exhausted, errno_text(errno));
  TRY_STATUS(connect_by(socket.get(), place, by));
  TRY_STATUS(check_owner(socket.get()));
  return socket;
}

Result<Fd> connected_to_first(std::span<const BusPlace> places, Deadline by) {
  std::vector<std::string> tried;
  for (const BusPlace& place : places) {
    auto socket = connected(place, by);
    if (socket) return socket;
    tried.push_back(place.socket.empty() ? socket.error().what
                                         : one_line(place.socket, 60) + ": " + socket.error().what);
  }
  return fail(Code::unavailable, "the session bus cannot be reached: " + join(tried, "; "));
}

int keep_answer(sd_bus_message* answer, void* kept, sd_bus_error* /*unused*/) {
  static_cast<Message*>(kept)->reset(sd_bus_message_ref(answer));
  return 0;
}

}  // namespace

std::optional<ErrorAnswer> Call::error() const {
  const sd_bus_error* error = answer_ ? sd_bus_message_get_error(answer_.get()) : nullptr;
  if (error == nullptr) return std::nullopt;
  return ErrorAnswer{.name = error->name, .words = error->message == nullptr ? "" : error->message};
}

Result<std::string> Call::text() const {
  const char* text = nullptr;
  if (const int read = sd_bus_message_read(answer_.get(), "s", &text); read <= 0)
    return bus_failed("its answer is none", read < 0 ? -read : EBADMSG);
  return std::string(text);
}

Result<std::uint32_t> Call::number() const {
  std::uint32_t number = 0;
  if (const int read = sd_bus_message_read(answer_.get(), "u", &number); read <= 0)
    return bus_failed("its answer is none", read < 0 ? -read : EBADMSG);
  return number;
}

Result<bool> Call::lists(const std::string& text) const {
  if (const int opened = sd_bus_message_enter_container(answer_.get(), 'a', "s"); opened <= 0)
    return bus_failed("its answer is none", opened < 0 ? -opened : EBADMSG);
  const char* entry = nullptr;
  int read = 0;
  while ((read = sd_bus_message_read(answer_.get(), "s", &entry)) > 0)
    if (text == entry) return true;
  if (read < 0) return bus_failed("its answer is none", -read);
  return false;
}

Result<SessionBus> SessionBus::open(std::span<const BusPlace> places, Deadline by) {
  TRY(Fd socket, connected_to_first(places, by));
  sd_bus* created = nullptr;
  if (const int made = sd_bus_new(&created); made < 0) return bus_failed("no connection can be made", -made);
  SessionBus bus(created);
  if (const int set = sd_bus_set_fd(created, socket.get(), socket.get()); set < 0)
    return bus_failed("no connection can be made", -set);
  static_cast<void>(socket.release());  // it is the bus's now
  sd_bus_set_bus_client(created, 1);
  if (const int begun = sd_bus_start(created); begun < 0) return bus_failed("the connection cannot begin", -begun);
  return bus;
}

Result<Message> SessionBus::call_to(const std::string& destination, const char* path, const char* interface,
                                    const char* member) {
  sd_bus_message* message = nullptr;
  const int made = sd_bus_message_new_method_call(bus_.get(), &message, destination.c_str(), path, interface, member);
  if (made < 0) return bus_failed(std::string(member) + " cannot be called", -made);
  sd_bus_message_set_auto_start(message, 0);
  return Message(message);
}

Status SessionBus::send(sd_bus_message& message, Call& call) {
  sd_bus_slot* slot = nullptr;
  const int sent = sd_bus_call_async(bus_.get(), &slot, &message, keep_answer, &call.answer_, kNoLimit);
  if (sent < 0) return bus_failed(std::string(sd_bus_message_get_member(&message)) + " cannot be called", -sent);
  call.slot_.reset(slot);
  return {};
}

Status SessionBus::wait(const Call& call, Deadline by) {
  while (true) {
    const int progress = sd_bus_process(bus_.get(), nullptr);
    if (progress < 0) return fail(Code::closed, "the session bus refuses the connection: " + errno_text(-progress));
    // A connection that ends answers what is open with errors of its own making.
    if (sd_bus_is_open(bus_.get()) <= 0) return fail(Code::closed, "the session bus ended the connection");
    if (call.answer_) return {};
    if (by.passed()) return fail(Code::deadline_exceeded, "no answer in time");
    if (progress > 0) continue;
    pollfd ready{.fd = sd_bus_get_fd(bus_.get()), .events = static_cast<short>(sd_bus_get_events(bus_.get()))};
    static_cast<void>(::poll(&ready, 1, static_cast<int>(by.left().value_or(milliseconds(1000)).count())));
  }
}

bool SessionBus::all_sent() const {
  std::uint64_t waiting = 0;
  return sd_bus_get_n_queued_write(bus_.get(), &waiting) >= 0 && waiting == 0;
}

Result<std::string> SessionBus::guid() const {
  sd_id128_t id{};
  if (const int known = sd_bus_get_bus_id(bus_.get(), &id); known < 0) return bus_failed("it has no id", -known);
  char text[SD_ID128_STRING_MAX];
  return std::string(sd_id128_to_string(id, text));
}

}  // namespace delegate::notify::desktop
