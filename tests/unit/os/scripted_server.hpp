#pragma once
#include <catch2/catch.hpp>
#include <functional>
#include <future>

#include "core/os/http.hpp"
#include "tests/helpers/loopback.hpp"

// A server that sends its one client, byte for byte, what a test needs.
namespace delegate_tests {

using namespace delegate;
using namespace std::chrono_literals;

/// Serves one connection in its own thread, as the script says. Catch's macros may only be used in the test's thread.
class Server {
 public:
  explicit Server(std::function<void(Connection&)> script)
      : served_(std::async(std::launch::async, [this, script = std::move(script)] {
          Fd client = listener_.accept();
          if (!client) return std::pair<std::string, std::string>();
          Connection connection(std::move(client));
          script(connection);
          return std::pair(connection.head, connection.body);
        })) {}
  ~Server() {
    listener_.wake();  // if no client came
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
