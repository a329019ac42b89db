#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "core/os/fd.hpp"

namespace delegate_tests {

/// An HTTP server on loopback: each connection has a thread of its own and is kept for as many requests as come. The
/// answers are the handler's; it may be called from several threads at a time. Ends when it is destroyed, whatever
/// still runs: a handler that waits asks `is_over()`.
class FakeServer {
 public:
  struct Request {
    std::string path;
    std::string body;
    int connection = 0;  // to see whether the client is still there
  };
  struct Reply {
    std::string status = "200 OK";
    std::string body;
    std::string type = "application/json";
    enum class Then { keep, close, drop };  // drop: before the body that was announced
    Then then = Then::keep;
  };
  using Handler = std::function<Reply(const Request&)>;

  explicit FakeServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = delegate::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    auto* address = reinterpret_cast<sockaddr*>(&name);
    if (::bind(listener_.get(), address, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), address, &size) != 0)
      throw std::runtime_error("fake_server: no loopback");
    port_ = ntohs(name.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    over_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
    acceptor_.join();
    for (Client& client : clients_) ::shutdown(client.connection.get(), SHUT_RDWR);
    for (Client& client : clients_) client.thread.join();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "http://" + address(); }
  int connections() const { return connections_; }
  bool is_over() const { return over_; }

  /// Has the client closed this connection?
  static bool is_left(const Request& request) {
    pollfd polled{request.connection, POLLRDHUP, 0};
    return ::poll(&polled, 1, 0) > 0 && (polled.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }

 private:
  struct Client {
    delegate::Fd connection;
    std::thread thread;
  };

  void accept_all() {
    for (;;) {
      delegate::Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return;
      ++connections_;
      Client& client = clients_.emplace_back();  // of this thread alone until it has been joined
      client.connection = std::move(connection);
      client.thread = std::thread([this, fd = client.connection.get()] { serve(fd); });
    }
  }

  void serve(int connection) {
    std::string received;
    Request request{.connection = connection};
    while (!over_ && read_request(connection, received, request))
      if (!send_reply(connection, handler_(request))) break;
    ::shutdown(connection, SHUT_RDWR);
  }

  static bool read_request(int connection, std::string& received, Request& request) {
    std::size_t whole = std::string::npos;
    std::size_t head = std::string::npos;
    for (;;) {
      if ((head = received.find("\r\n\r\n")) != std::string::npos) {
        const std::size_t length = received.find("Content-Length: ");
        whole = head + 4 + (length < head ? std::strtoul(received.c_str() + length + 16, nullptr, 10) : 0);
        if (received.size() >= whole) break;
      }
      std::array<char, 65536> buffer{};
      const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
      if (count <= 0) return false;
      received.append(buffer.data(), static_cast<std::size_t>(count));
    }
    const std::size_t path = received.find(' ') + 1;
    request.path = received.substr(path, received.find(' ', path) - path);
    request.body = received.substr(head + 4, whole - head - 4);
    received.erase(0, whole);
    return true;
  }

  /// False: there are no more requests on this connection.
  static bool send_reply(int connection, const Reply& reply) {
    std::string text = "HTTP/1.1 " + reply.status + "\r\nContent-Type: " + reply.type +
                       "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n" +
                       (reply.then == Reply::Then::keep ? "" : "Connection: close\r\n") + "\r\n" + reply.body;
    if (reply.then == Reply::Then::drop) text.erase(text.size() - reply.body.size());
    for (std::size_t sent = 0; sent < text.size();) {
      const ssize_t count = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += static_cast<std::size_t>(count);
    }
    return reply.then == Reply::Then::keep;
  }

  Handler handler_;
  std::atomic<bool> over_{false};
  std::atomic<int> connections_{0};
  delegate::Fd listener_;
  int port_ = 0;
  std::list<Client> clients_;
  std::thread acceptor_;
};

}  // namespace delegate_tests
