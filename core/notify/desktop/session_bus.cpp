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

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();  // the deadline of wait() applies instead

tl::unexpected<Error> bus_failed(const std::string& what, int error) {
  return fail(Code::unavailable, "session bus: " + what + ": " + errno_text(error));
}

/// The first words are written at once, so a bus that has closed the socket by then is noticed here.
tl::unexpected<Error> start_failed(int error) {
  if (error == EPIPE || error == ECONNRESET) return fail(Code::closed, "the session bus closed the connection");
  return bus_failed("cannot start the connection", error);
}

Result<socklen_t> fill_address(const BusAddress& at, sockaddr_un& address) {
  address.sun_family = AF_UNIX;
  const std::size_t begins = at.is_abstract ? 1 : 0;  // an abstract name follows a NUL, a path ends with one
  if (at.socket.size() + 1 > sizeof address.sun_path)
    return fail(Code::invalid_argument, "path is too long for a socket");
  std::memcpy(address.sun_path + begins, at.socket.data(), at.socket.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + at.socket.size() + 1);
}

/// connect() to a local socket blocks only while the listener's queue is full, for at most the send timeout.
Status connect_by(int socket, const BusAddress& at, Deadline by) {
  sockaddr_un address{};
  TRY(const socklen_t size, fill_address(at, address));
  const milliseconds left = std::max(milliseconds(1), by.left().value_or(milliseconds(0)));  // 0 would mean no limit
  const timeval timeout{.tv_sec = left.count() / 1000, .tv_usec = left.count() % 1000 * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0) return {};
  if (errno == EAGAIN) return fail(Code::deadline_exceeded, "it does not accept connections");
  return fail(Code::unavailable, errno_text(errno));
}

/// The owner of the listening socket can read the notification, so it must be this user.
Status check_owner(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return fail(Code::unavailable, errno_text(errno));
  if (peer.uid != ::geteuid()) return fail(Code::permission_denied, "belongs to another user");
  return {};
}

Result<Fd> connected(const BusAddress& at, Deadline by) {
  if (!at.unusable.empty()) return fail(Code::invalid_argument, at.unusable);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(Code::resource_exhausted, errno_text(errno));
  TRY_STATUS(connect_by(socket.get(), at, by));
  TRY_STATUS(check_owner(socket.get()));
  return socket;
}

Result<Fd> connected_to_first(std::span<const BusAddress> addresses, Deadline by) {
  std::vector<std::string> tried;
  for (const BusAddress& at : addresses) {
    auto socket = connected(at, by);
    if (socket) return socket;
    tried.push_back(at.socket.empty() ? socket.error().what : one_line(at.socket, 60) + ": " + socket.error().what);
  }
  return fail(Code::unavailable, "cannot reach the session bus: " + join(tried, "; "));
}

int keep_reply(sd_bus_message* answer, void* kept, sd_bus_error* /*unused*/) {
  static_cast<Message*>(kept)->reset(sd_bus_message_ref(answer));
  return 0;
}

}  // namespace

std::optional<ErrorReply> BusCall::error() const {
  const sd_bus_error* error = reply_ ? sd_bus_message_get_error(reply_.get()) : nullptr;
  if (error == nullptr) return std::nullopt;
  return ErrorReply{.name = error->name, .words = error->message == nullptr ? "" : error->message};
}

Result<std::string> BusCall::text() const {
  const char* text = nullptr;
  if (const int read = sd_bus_message_read(reply_.get(), "s", &text); read <= 0)
    return bus_failed("unexpected reply", read < 0 ? -read : EBADMSG);
  return std::string(text);
}

Result<std::uint32_t> BusCall::number() const {
  std::uint32_t number = 0;
  if (const int read = sd_bus_message_read(reply_.get(), "u", &number); read <= 0)
    return bus_failed("unexpected reply", read < 0 ? -read : EBADMSG);
  return number;
}

Result<bool> BusCall::lists(const std::string& text) const {
  if (const int opened = sd_bus_message_enter_container(reply_.get(), 'a', "s"); opened <= 0)
    return bus_failed("unexpected reply", opened < 0 ? -opened : EBADMSG);
  const char* entry = nullptr;
  int read = 0;
  while ((read = sd_bus_message_read(reply_.get(), "s", &entry)) > 0)
    if (text == entry) return true;
  if (read < 0) return bus_failed("unexpected reply", -read);
  return false;
}

Result<SessionBus> SessionBus::open(std::span<const BusAddress> addresses, Deadline by) {
  TRY(Fd socket, connected_to_first(addresses, by));
  sd_bus* created = nullptr;
  if (const int made = sd_bus_new(&created); made < 0) return bus_failed("cannot create a connection", -made);
  SessionBus bus(created);
  if (const int set = sd_bus_set_fd(created, socket.get(), socket.get()); set < 0)
    return bus_failed("cannot create a connection", -set);
  static_cast<void>(socket.release());  // owned by the bus now
  sd_bus_set_bus_client(created, 1);
  if (const int begun = sd_bus_start(created); begun < 0) return start_failed(-begun);
  return bus;
}

Result<Message> SessionBus::call_to(const std::string& destination, const char* path, const char* interface,
                                    const char* member) {
  sd_bus_message* message = nullptr;
  const int made = sd_bus_message_new_method_call(bus_.get(), &message, destination.c_str(), path, interface, member);
  if (made < 0) return bus_failed(std::string(member) + ": call failed", -made);
  sd_bus_message_set_auto_start(message, 0);
  return Message(message);
}

Status SessionBus::send(sd_bus_message& message, BusCall& call) {
  sd_bus_slot* slot = nullptr;
  const int sent = sd_bus_call_async(bus_.get(), &slot, &message, keep_reply, &call.reply_, kNoLimit);
  if (sent < 0) return bus_failed(std::string(sd_bus_message_get_member(&message)) + ": call failed", -sent);
  call.slot_.reset(slot);
  return {};
}

Status SessionBus::wait(const BusCall& call, Deadline by) {
  while (true) {
    const int progress = sd_bus_process(bus_.get(), nullptr);
    if (progress < 0) return fail(Code::closed, "the session bus rejected the connection: " + errno_text(-progress));
    // sd-bus answers open calls with errors of its own when the connection ends.
    if (sd_bus_is_open(bus_.get()) <= 0) return fail(Code::closed, "the session bus closed the connection");
    if (call.reply_) return {};
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
