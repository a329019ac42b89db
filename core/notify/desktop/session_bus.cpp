#include "core/notify/desktop/session_bus.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

Result<socklen_t> fill_address(const LocalSocket& at, sockaddr_un& address) {
  address.sun_family = AF_UNIX;
  const std::size_t begins = at.is_abstract ? 1 : 0;  // an abstract name follows a NUL, a path ends with one
  if (at.name.size() + 1 > sizeof address.sun_path)
    return fail(Code::invalid_argument, "path is too long for a socket");
  std::memcpy(address.sun_path + begins, at.name.data(), at.name.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + at.name.size() + 1);
}

/// connect() to a local socket blocks only while the listener's queue is full, for at most the send timeout.
Status connect_by(int socket, const LocalSocket& at, Deadline by) {
  sockaddr_un address{};
  TRY(const socklen_t size, fill_address(at, address));
  const milliseconds left = std::max(milliseconds(1), by.left().value_or(milliseconds(0)));  // 0 would mean no limit
  const timeval timeout{.tv_sec = left.count() / 1000, .tv_usec = left.count() % 1000 * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0) return {};
  if (errno == EAGAIN) return fail(Code::deadline_exceeded, "it does not accept connections");
  return fail(Code::unavailable, errno_text(errno));
}

Result<ucred> peer_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return fail(Code::unavailable, errno_text(errno));
  return peer;
}

/// The owner of the listening socket can read the notification, so it must be this user.
Status check_owner(int socket) {
  TRY(const ucred peer, peer_of(socket));
  if (peer.uid != ::geteuid()) return fail(Code::permission_denied, "belongs to another user");
  return {};
}

Result<Fd> connected(const LocalSocket& at, Deadline by) {
  if (!at.unusable.empty()) return fail(Code::invalid_argument, at.unusable);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(Code::resource_exhausted, errno_text(errno));
  TRY_STATUS(connect_by(socket.get(), at, by));
  return socket;
}

Result<Fd> connected_to_own(const LocalSocket& at, Deadline by) {
  TRY(Fd socket, connected(at, by));
  TRY_STATUS(check_owner(socket.get()));
  return socket;
}

Result<Fd> connected_to_first(std::span<const LocalSocket> addresses, Deadline by) {
  std::vector<std::string> tried;
  Code code = Code::unavailable;
  for (const LocalSocket& at : addresses) {
    auto socket = connected_to_own(at, by);
    if (socket) return socket;
    if (socket.error().code == Code::deadline_exceeded) code = Code::deadline_exceeded;
    tried.push_back(at.name.empty() ? socket.error().what : one_line(at.name, 60) + ": " + socket.error().what);
  }
  return fail(code, "cannot reach the session bus: " + join(tried, "; "));
}

std::size_t lines_in(std::string_view text) {
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string_view::npos; at += 2) ++lines;
  return lines;
}

/// Leaves the replies in the socket, for sd-bus to read.
Status wait_for_replies(int socket, std::size_t lines, Deadline by) {
  std::array<char, 512> buffer{};
  while (true) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR))
      return fail(Code::closed, "the session bus closed the connection");
    const auto length = static_cast<std::size_t>(std::max<ssize_t>(size, 0));
    if (length == buffer.size() || lines_in({buffer.data(), length}) >= lines) return {};
    if (by.passed()) return fail(Code::deadline_exceeded, "the session bus did not answer in time");
    pollfd ready{.fd = socket, .events = POLLIN};
    // Part of a line makes the socket readable, too.
    if (size > 0) static_cast<void>(::poll(nullptr, 0, 1));
    else static_cast<void>(::poll(&ready, 1, static_cast<int>(by.left().value_or(milliseconds(1000)).count())));
  }
}

/// Passes on what sd-bus has written into `from`, each line when the one before has been answered.
Status authenticate(int socket, int from, Deadline by) {
  std::array<char, 512> buffer{};
  const ssize_t size = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
  std::string_view rest(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  for (std::size_t lines = 1; !rest.empty(); ++lines) {
    const std::string_view line = rest.substr(0, std::min(rest.size(), rest.find("\r\n") + 2));
    rest.remove_prefix(line.size());
    if (::send(socket, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
      return start_failed(errno);
    if (!rest.empty()) TRY_STATUS(wait_for_replies(socket, lines, by));  // the last one, BEGIN, has no reply
  }
  return {};
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

Result<std::vector<std::string>> BusCall::texts(std::size_t count) const {
  std::vector<std::string> texts;
  while (texts.size() < count) {
    TRY(std::string one, text());
    texts.push_back(std::move(one));
  }
  return texts;
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

Result<std::vector<std::string>> BusCall::texts_in_variant() const {
  sd_bus_message* reply = reply_.get();
  int read = sd_bus_message_enter_container(reply, 'v', "as");
  if (read > 0) read = sd_bus_message_enter_container(reply, 'a', "s");
  if (read <= 0) return bus_failed("unexpected reply", read < 0 ? -read : EBADMSG);
  std::vector<std::string> texts;
  const char* entry = nullptr;
  while ((read = sd_bus_message_read(reply, "s", &entry)) > 0) texts.emplace_back(entry);
  if (read < 0) return bus_failed("unexpected reply", -read);
  return texts;
}

Result<SessionBus> SessionBus::open(std::span<const LocalSocket> addresses, Deadline by) {
  TRY(Fd socket, connected_to_first(addresses, by));
  TRY(const ucred peer, peer_of(socket.get()));
  sd_bus* created = nullptr;
  if (const int made = sd_bus_new(&created); made < 0) return bus_failed("cannot create a connection", -made);
  SessionBus bus(created, socket.get(), peer.pid == 0);
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0)
    return bus_failed("cannot create a connection", errno);
  Fd output(pair[0]);
  const Fd written(pair[1]);
  if (const int set = sd_bus_set_fd(created, socket.get(), output.get()); set < 0)
    return bus_failed("cannot create a connection", -set);
  const int in = socket.release();  // owned by the bus now
  const int out = output.release();
  sd_bus_set_bus_client(created, 1);
  if (const int begun = sd_bus_start(created); begun < 0) return start_failed(-begun);
  TRY_STATUS(authenticate(in, written.get(), by));
  // From here on sd-bus itself writes to the socket.
  if (::dup3(in, out, O_CLOEXEC) < 0) return bus_failed("cannot create a connection", errno);
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
    pollfd ready{.fd = socket_, .events = static_cast<short>(sd_bus_get_events(bus_.get()))};
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

bool is_listening(const LocalSocket& at, Deadline by) { return connected(at, by).has_value(); }

}  // namespace delegate::notify::desktop
