#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "core/os/fd.hpp"

// What the fake servers of the tests are made of: a port on 127.0.0.1, and one client's connection. FakeServer answers
// well-formed HTTP, a scripted server sends bytes as a test wants them, the soak's server breaks in turn.
namespace delegate_tests {

/// A socket that listens on a free port of 127.0.0.1.
class Listener {
 public:
  explicit Listener(int backlog = 64) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* generic = reinterpret_cast<sockaddr*>(&address_);
    if (::bind(fd_.get(), generic, size) != 0 || ::listen(fd_.get(), backlog) != 0 ||
        ::getsockname(fd_.get(), generic, &size) != 0)
      throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  int fd() const { return fd_.get(); }
  const sockaddr_in& address() const { return address_; }
  std::string port() const { return std::to_string(ntohs(address_.sin_port)); }

  /// Waits for the next client; closed after `wake`.
  delegate::Fd accept() const { return delegate::Fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  /// Ends an `accept` that waits in another thread.
  void wake() const { ::shutdown(fd_.get(), SHUT_RDWR); }

 private:
  delegate::Fd fd_;
  sockaddr_in address_{};
};

/// What a server sees of one client.
class Connection {
 public:
  explicit Connection(delegate::Fd fd) : fd_(std::move(fd)) {
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  int fd() const { return fd_.get(); }

  /// Reads the next request into `head` and `body`; false: the client went away before.
  bool read_request() {
    while (received_.find("\r\n\r\n") == std::string::npos)
      if (!read_some()) return false;
    const std::size_t body_at = received_.find("\r\n\r\n") + 4;
    const std::size_t field = received_.find("Content-Length: ");
    const std::size_t length = field < body_at ? std::strtoul(received_.c_str() + field + 16, nullptr, 10) : 0;
    while (received_.size() < body_at + length)
      if (!read_some()) return false;
    head = received_.substr(0, body_at);
    body = received_.substr(body_at, length);
    received_.erase(0, body_at + length);
    return true;
  }
  /// The path in `head`.
  std::string path() const {
    const std::size_t begin = head.find(' ') + 1;
    return head.substr(begin, head.find(' ', begin) - begin);
  }
  /// Waits for any bytes; false: the client went away.
  bool read_some() {
    std::array<char, 65536> buffer{};
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }
  /// False: the client went away.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void send_byte_by_byte(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      send(bytes.substr(i, 1));
      std::this_thread::yield();
    }
  }
  void wait_for_end() {
    while (read_some()) {}
  }
  /// Ends the conversation; the descriptor stays open until the end of this object.
  void shut_down() { ::shutdown(fd_.get(), SHUT_RDWR); }
  /// Closes with a RST instead of a FIN.
  void reset() {
    const linger abrupt{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
    fd_.reset();
  }

  std::string head;
  std::string body;

 private:
  delegate::Fd fd_;
  std::string received_;
};

/// Has the client closed this connection?
inline bool is_left(int connection) {
  pollfd polled{connection, POLLRDHUP, 0};
  return ::poll(&polled, 1, 0) > 0 && (polled.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace delegate_tests
