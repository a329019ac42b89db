#pragma once
#include <atomic>
#include <functional>
#include <list>
#include <string>
#include <thread>
#include <utility>

#include "tests/helpers/loopback.hpp"

namespace delegate_tests {

/// An HTTP server on loopback: each connection has its own thread and is kept open for any number of requests. The
/// handler answers; it may be called from several threads at a time. The destructor stops the server while requests
/// may still be served: a handler that waits checks `is_over()`.
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
    std::string headers = {};  // more of them, each with its line end
  };
  using Handler = std::function<Reply(const Request&)>;

  explicit FakeServer(Handler handler) : handler_(std::move(handler)), acceptor_([this] { accept_all(); }) {}
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    over_ = true;
    listener_.wake();
    acceptor_.join();
    for (Client& client : clients_) client.connection.shut_down();
    for (Client& client : clients_) client.thread.join();
  }

  std::string address() const { return "127.0.0.1:" + listener_.port(); }
  std::string url() const { return "http://" + address(); }
  int connections() const { return connections_; }
  bool is_over() const { return over_; }

  /// Has the client closed this connection?
  static bool is_left(const Request& request) { return delegate_tests::is_left(request.connection); }

 private:
  struct Client {
    Connection connection;
    std::thread thread;
  };

  void accept_all() {
    for (;;) {
      delegate::Fd accepted = listener_.accept();
      if (!accepted) return;
      ++connections_;
      // The list is this thread's alone until it has been joined.
      Client& client = clients_.emplace_back(Client{Connection(std::move(accepted)), {}});
      client.thread = std::thread([this, &connection = client.connection] { serve(connection); });
    }
  }

  void serve(Connection& connection) {
    while (!over_ && connection.read_request())
      if (!send_reply(connection, handler_({connection.path(), connection.body, connection.fd()}))) break;
    connection.shut_down();
  }

  /// False: there are no more requests on this connection.
  static bool send_reply(Connection& connection, const Reply& reply) {
    std::string text = "HTTP/1.1 " + reply.status + "\r\nContent-Type: " + reply.type +
                       "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n" + reply.headers +
                       (reply.then == Reply::Then::keep ? "" : "Connection: close\r\n") + "\r\n" + reply.body;
    if (reply.then == Reply::Then::drop) text.erase(text.size() - reply.body.size());
    return connection.send(text) && reply.then == Reply::Then::keep;
  }

  Handler handler_;
  std::atomic<bool> over_{false};
  std::atomic<int> connections_{0};
  Listener listener_;
  std::list<Client> clients_;
  std::thread acceptor_;  // last: it starts when all other members exist
};

}  // namespace delegate_tests
