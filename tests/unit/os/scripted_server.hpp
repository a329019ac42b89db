#pragma once
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "core/os/fd.hpp"
#include "core/os/http.hpp"

// A server that sends its one client, byte for byte, what a test needs.
namespace delegate_tests {

using namespace delegate;
using namespace std::chrono_literals;

/// What the server sees of one client.
class Connection {
 public:
  explicit Connection(Fd fd) : fd_(std::move(fd)) {
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  /// Reads the request with its body; false if the client disconnected before.
  bool read_request() {
    while (received_.find("\r\n\r\n") == std::string::npos)
      if (!read_more()) return false;
    const std::size_t body_at = received_.find("\r\n\r\n") + 4;
    const std::size_t field = received_.find("Content-Length: ");
    const std::size_t length = field < body_at ? std::stoul(received_.substr(field + 16)) : 0;
    while (received_.size() < body_at + length)
      if (!read_more()) return false;
    head = received_.substr(0, body_at);
    body = received_.substr(body_at);
    return true;
  }
  void read_some() { read_more(); }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void send_byte_by_byte(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      send(bytes.substr(i, 1));
      std::this_thread::yield();
    }
  }
  void wait_for_end() {
    while (read_more()) {}
  }
  /// Closes with a RST instead of a FIN.
  void reset() {
    const linger abrupt{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
    fd_.reset();
  }

  std::string head;
  std::string body;

 private:
  bool read_more() {
    char buffer[16 << 10];
    const ssize_t count = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  Fd fd_;
  std::string received_;
};

/// A socket on a free port of 127.0.0.1.
class Listener {
 public:
  explicit Listener(int backlog = 16) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* generic = reinterpret_cast<sockaddr*>(&address_);
    REQUIRE(::bind(fd_.get(), generic, size) == 0);
    REQUIRE(::listen(fd_.get(), backlog) == 0);
    REQUIRE(::getsockname(fd_.get(), generic, &size) == 0);
  }
  int fd() const { return fd_.get(); }
  const sockaddr_in& address() const { return address_; }
  std::string port() const { return std::to_string(ntohs(address_.sin_port)); }

 private:
  Fd fd_;
  sockaddr_in address_{};
};

/// Serves one connection in its own thread, as the script says. Catch's macros stay in the test's thread.
class Server {
 public:
  explicit Server(std::function<void(Connection&)> script)
      : served_(std::async(std::launch::async, [this, script = std::move(script)] {
          Fd client(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
          if (!client) return std::pair<std::string, std::string>();
          Connection connection(std::move(client));
          script(connection);
          return std::pair(connection.head, connection.body);
        })) {}
  ~Server() {
    ::shutdown(listener_.fd(), SHUT_RDWR);  // wakes a pending accept
    if (served_.valid()) served_.wait();
  }
  std::string url(const std::string& path = "/", const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + listener_.port() + path;
  }
  std::string port() const { return listener_.port(); }
  /// Waits for the script's end: the request's head and body.
  std::pair<std::string, std::string> seen() { return served_.get(); }

 private:
  Listener listener_;
  std::future<std::pair<std::string, std::string>> served_;
};

/// A server that reads the request, sends `answer` and closes.
inline std::function<void(Connection&)> answer_with(std::string answer) {
  return [answer = std::move(answer)](Connection& client) {
    if (client.read_request()) client.send(answer);
  };
}

/// A server that reads the request, sends `answer` and then waits for the client to disconnect.
inline std::function<void(Connection&)> hang_after(std::string answer) {
  return [answer = std::move(answer)](Connection& client) {
    if (!client.read_request()) return;
    client.send(answer);
    client.wait_for_end();
  };
}

inline HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.clocks.connect = 10s;
  request.clocks.total = Deadline::in(60s);  // no test waits for it: it ends a test that would hang
  return request;
}

inline HttpResult exchange(const HttpRequest& request, const std::function<Flow(std::string_view)>& on_body = {}) {
  const CancelToken never;
  auto result = http_exchange(request, never, on_body);
  INFO((result ? std::string() : result.error().what));
  REQUIRE(result);
  return std::move(*result);
}

inline const std::string kChunked =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace delegate_tests
