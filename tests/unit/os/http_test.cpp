#include "core/os/http.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <deque>
#include <future>
#include <random>
#include <thread>

#include "core/os/fd.hpp"

using namespace delegate;

namespace {

using namespace std::chrono_literals;

/// What the server sees of one client.
class Connection {
 public:
  explicit Connection(Fd fd) : fd_(std::move(fd)) {
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  /// Reads the request with its body; false when the client went away before.
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

/// Serves one connection in a thread of its own, as the script says. Catch's macros stay in the test's thread.
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
    ::shutdown(listener_.fd(), SHUT_RDWR);  // wakes an accept that nobody came to
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
std::function<void(Connection&)> answer_with(std::string answer) {
  return [answer = std::move(answer)](Connection& client) {
    if (client.read_request()) client.send(answer);
  };
}

/// A server that reads the request, sends `answer` and then waits for the client to go.
std::function<void(Connection&)> hang_after(std::string answer) {
  return [answer = std::move(answer)](Connection& client) {
    if (!client.read_request()) return;
    client.send(answer);
    client.wait_for_end();
  };
}

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.clocks.connect = 10s;
  request.clocks.total = Deadline::in(60s);  // no test waits for it: it ends a test that would hang
  return request;
}

HttpResult exchange(const HttpRequest& request, const std::function<Flow(std::string_view)>& on_body = {}) {
  const CancelToken never;
  auto result = http_exchange(request, never, on_body);
  INFO((result ? std::string() : result.error().what));
  REQUIRE(result);
  return std::move(*result);
}

class Environment {
 public:
  Environment(std::string name, const std::string& value) : name_(std::move(name)) {
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  ~Environment() { ::unsetenv(name_.c_str()); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::string name_;
};

const std::string kChunked =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("an answer with a length is complete") {
  const std::string type = "text/plain; charset=utf-8";
  Server server(answer_with("HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\nContent-Length: 5\r\n\r\nhello"));
  const HttpResult result = exchange(get(server.url("/api/version")));
  CHECK(result.end == HttpEnd::complete);
  CHECK(result.status == 200);
  CHECK(result.body == "hello");
  CHECK(result.content_type == type);
  CHECK(result.message.empty());
  const auto [head, body] = server.seen();
  CHECK(head.find("GET /api/version HTTP/1.1\r\nHost: 127.0.0.1:" + server.port() + "\r\n") == 0);
}

TEST_CASE("a chunked answer may be split anywhere") {
  Server server([](Connection& client) {
    if (!client.read_request()) return;
    client.send_byte_by_byte(kChunked + "4\r\n{\"a\"\r\n1;x=y\r\n:\r\n2\r\n\xC3\xA4\r\n0\r\nTrailer: t\r\n\r\n");
  });
  std::string seen;
  const HttpResult result = exchange(get(server.url()), [&](std::string_view bytes) {
    seen += bytes;
    return Flow::go_on;
  });
  CHECK(result.end == HttpEnd::complete);
  CHECK(result.body == "{\"a\":\xC3\xA4");
  CHECK(seen == result.body);
  CHECK(result.content_type == "application/x-ndjson");
}

TEST_CASE("an answer without a length ends with the connection") {
  Server server(answer_with("HTTP/1.0 200 OK\r\n\r\nold style"));
  const HttpResult result = exchange(get(server.url()));
  CHECK(result.end == HttpEnd::complete);
  CHECK(result.body == "old style");
}

TEST_CASE("a refused connection is unreachable, and curl says why") {
  const std::string port = Listener().port();  // closed again
  const HttpResult result = exchange(get("http://127.0.0.1:" + port + "/"));
  CHECK(result.end == HttpEnd::unreachable);
  CHECK(result.status == 0);
  CHECK_FALSE(result.message.empty());
}

TEST_CASE("localhost is tried at every address it has") {
  Server server(answer_with("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  CHECK(exchange(get(server.url("/", "localhost"))).end == HttpEnd::complete);
}

TEST_CASE("a connection that is never accepted runs into the connect clock") {
  const Listener full(0);
  std::vector<Fd> waiting;
  for (int i = 0; i < 4; ++i) {  // fills the queue; the kernel drops what comes then
    waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(waiting.back().get(), reinterpret_cast<const sockaddr*>(&full.address()), sizeof(sockaddr_in));
  }
  HttpRequest request = get("http://127.0.0.1:" + full.port() + "/");
  request.clocks.connect = 50ms;
  CHECK(exchange(request).end == HttpEnd::connect_timeout);
}

TEST_CASE("TLS with a server that speaks none is unreachable") {
  Server server([](Connection& client) {
    client.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    client.wait_for_end();
  });
  CHECK(exchange(get("https://127.0.0.1:" + server.port() + "/")).end == HttpEnd::unreachable);
}

TEST_CASE("a status of failure is a complete answer all the same") {
  SECTION("500 with a body") {
    Server server(answer_with("HTTP/1.1 500 Oh\r\nContent-Length: 15\r\n\r\n{\"error\":\"bad\"}"));
    const HttpResult result = exchange(get(server.url()));
    CHECK(result.end == HttpEnd::complete);
    CHECK(result.status == 500);
    CHECK(result.body == "{\"error\":\"bad\"}");
  }
  SECTION("the most exact header says when to come back, whatever their order") {
    Server server(
        answer_with("HTTP/1.1 429 Slow down\r\nx-ratelimit-reset: 60\r\nRetry-After-Ms: 1500\r\n"
                    "Retry-After: 2\r\nContent-Length: 0\r\n\r\n"));
    CHECK(exchange(get(server.url())).retry_after == "1500ms");
  }
  SECTION("429 with Retry-After, in whatever case") {
    Server server(answer_with("HTTP/1.1 429 Slow down\r\nretry-AFTER:  17 \r\nContent-Length: 0\r\n\r\n"));
    const HttpResult result = exchange(get(server.url()));
    CHECK(result.status == 429);
    CHECK(result.retry_after == "17");
  }
  SECTION("a redirect is not followed") {
    Server server(answer_with("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
    const HttpResult result = exchange(get(server.url()));
    CHECK(result.end == HttpEnd::complete);
    CHECK(result.status == 302);
  }
}

TEST_CASE("silence before the answer, within it and in all has a name each, and the server sees the client go") {
  HttpEnd expected = HttpEnd::complete;
  std::string answer;
  HttpRequest request = get("");
  SECTION("no first byte") {
    expected = HttpEnd::no_first_byte;
    request.clocks.first_byte = 60ms;
    request.clocks.idle = 10ms;  // counts from the first byte only
  }
  SECTION("an interim answer is not the first byte of the answer") {
    expected = HttpEnd::no_first_byte;
    answer = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    request.clocks.first_byte = 60ms;
  }
  SECTION("idle in the middle") {
    expected = HttpEnd::idle;
    answer = kChunked + "4\r\nhalf\r\n";
    request.clocks.idle = 60ms;
  }
  SECTION("too long in all") {
    expected = HttpEnd::timed_out;
    answer = kChunked;
    request.clocks.total = Deadline::in(80ms);
  }
  Server server(hang_after(answer));
  request.url = server.url();
  const HttpResult result = exchange(request);
  CHECK(result.end == expected);
  if (expected == HttpEnd::idle) CHECK(result.body == "half");
  if (expected == HttpEnd::idle) CHECK(result.status == 200);
  if (expected != HttpEnd::timed_out) CHECK(result.since_last_byte >= 60ms);
  server.seen();  // the script ends when the connection does
}

TEST_CASE("idle time counts also when the answer was there before the request") {
  Server server([](Connection& client) {
    client.send(kChunked + "4\r\nhalf\r\n");
    client.wait_for_end();
  });
  HttpRequest request = get(server.url());
  request.clocks.idle = 30ms;
  CHECK(exchange(request).end == HttpEnd::idle);
}

TEST_CASE("a server that does not take the request runs into the first byte's clock") {
  std::promise<void> over;
  Server server([done = over.get_future().share()](Connection&) { done.wait(); });
  HttpRequest request = get(server.url());
  request.method = "POST";
  request.body.assign(64u << 20, 'b');  // more than all the buffers between us
  request.clocks.first_byte = 80ms;
  CHECK(exchange(request).end == HttpEnd::no_first_byte);
  over.set_value();
}

TEST_CASE("an answer that breaks off is dropped, never complete") {
  std::string answer = GENERATE(as<std::string>{}, kChunked + "4\r\nhalf\r\n", kChunked + "4\r\nha", kChunked,
                                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "");
  Server server(answer_with(answer));
  const HttpResult result = exchange(get(server.url()));
  CHECK(result.end == HttpEnd::dropped);
  CHECK_FALSE(result.message.empty());
}

TEST_CASE("a reset connection is dropped") {
  Server server([](Connection& client) {
    client.read_request();
    client.reset();
  });
  CHECK(exchange(get(server.url())).end == HttpEnd::dropped);
}

TEST_CASE("garbage instead of HTTP is malformed") {
  const std::string answer = GENERATE(as<std::string>{}, "SSH-2.0-OpenSSH_9.2p1\r\n", "{\"not\":\"http\"}\n",
                                      "HTTP/7.0 200 OK\r\n\r\n", std::string("\0\1\2\3\4\5\6\7\r\n\r\n", 12));
  Server server(answer_with(answer));
  CHECK(exchange(get(server.url())).end == HttpEnd::malformed);
}

TEST_CASE("cancelling closes the connection at once, and the server sees it") {
  CancelToken cancel;
  const std::string answer = GENERATE(as<std::string>{}, "", kChunked + "4\r\nhalf\r\n");
  Server server([&](Connection& client) {
    if (!client.read_request()) return;
    client.send(answer);
    cancel.cancel();
    client.wait_for_end();
  });
  const auto result = http_exchange(get(server.url()), cancel);
  REQUIRE(result);
  CHECK(result->end == HttpEnd::cancelled);
  server.seen();
}

TEST_CASE("a request cancelled or late before its start is never sent") {
  CancelToken cancel;
  const Listener nobody;
  HttpRequest request = get("http://127.0.0.1:" + nobody.port() + "/");
  HttpEnd expected = HttpEnd::cancelled;
  SECTION("cancelled") { cancel.cancel(); }
  SECTION("late") {
    request.clocks.total = Deadline::in(0ms);
    expected = HttpEnd::timed_out;
  }
  const auto result = http_exchange(request, cancel);
  REQUIRE(result);
  CHECK(result->end == expected);
  pollfd entry{nobody.fd(), POLLIN, 0};
  CHECK(::poll(&entry, 1, 0) == 0);  // nobody came
}

TEST_CASE("a POST body arrives byte for byte, at once and with its own headers") {
  std::mt19937 engine(7);
  HttpRequest request;
  request.method = "POST";
  request.body.resize(3u << 20);
  for (char& byte : request.body) byte = static_cast<char>(engine());
  request.headers = {"Content-Type: application/json", "Authorization: Bearer key"};
  Server server(answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  request.url = server.url("/v1/chat/completions");
  CHECK(exchange(request).body == "ok");
  const auto [head, body] = server.seen();
  CHECK(body == request.body);
  CHECK(head.find("POST /v1/chat/completions HTTP/1.1\r\n") == 0);
  CHECK(head.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(head.find("Authorization: Bearer key\r\n") != std::string::npos);
  CHECK(head.find("Expect") == std::string::npos);
}

TEST_CASE("other methods keep their name") {
  Server server(answer_with("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"));
  HttpRequest request = get(server.url());
  request.method = "HEAD";
  CHECK(exchange(request).end == HttpEnd::complete);
  CHECK(server.seen().first.find("HEAD / HTTP/1.1") == 0);
}

TEST_CASE("a reader that wants no more ends the exchange") {
  const Flow wish = GENERATE(Flow::stop, Flow::finish);
  Server server(hang_after(kChunked + "4\r\nhalf\r\n"));
  const HttpResult result = exchange(get(server.url()), [&](std::string_view) { return wish; });
  CHECK(result.end == HttpEnd::stopped);
  CHECK(result.status == 200);
  server.seen();
}

TEST_CASE("of a long body only the first bytes are kept, and the reader sees all") {
  const std::string body(2u << 20, 'x');
  Server server(answer_with("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
  HttpRequest request = get(server.url());
  request.keep = 1000;
  std::size_t seen = 0;
  const HttpResult result = exchange(request, [&](std::string_view bytes) {
    seen += bytes.size();
    return Flow::go_on;
  });
  CHECK(result.body == body.substr(0, 1000));
  CHECK(seen == body.size());
}

TEST_CASE("proxy variables are ignored for loopback and used for others") {
  const Environment all("all_proxy", "http://127.0.0.1:1");
  SECTION("ignored") {
    const std::string host = GENERATE(as<std::string>{}, "127.0.0.1", "localhost", "LOCALHOST", "127.0.1.7");
    const Environment proxy("http_proxy", "http://127.0.0.1:1");
    if (host == "127.0.1.7") {  // nobody listens there: what matters is that it is not the proxy that answers
      Server unused([](Connection&) {});
      CHECK(exchange(get(unused.url("/", host))).message.find("port 1 ") == std::string::npos);
    } else {
      Server server(answer_with("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
      CHECK(exchange(get(server.url("/", host))).end == HttpEnd::complete);
    }
  }
  SECTION("used") {
    Server server(answer_with("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    const Environment proxy("http_proxy", server.url());
    CHECK(exchange(get("http://192.0.2.1/")).end == HttpEnd::complete);
    CHECK(server.seen().first.find("GET http://192.0.2.1/ HTTP/1.1") == 0);
  }
}

TEST_CASE("what cannot be a request is refused with a reason, and no password is repeated") {
  const CancelToken never;
  HttpRequest request = get("http://127.0.0.1/");
  SECTION("the URL") {
    request.url = GENERATE(as<std::string>{}, "", "file:///etc/passwd", "ftp://user:secret@127.0.0.1/", "http://",
                           "http://user:secret@127.0.0.1:99999/", "127.0.0.1 8080");
  }
  SECTION("a header with a line break") { request.headers = {"Authorization: Bearer secret\n"}; }
  const auto result = http_exchange(request, never);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::invalid_argument);
  CHECK(result.error().what.find("secret") == std::string::npos);
}

TEST_CASE("exchanges in many threads do not disturb each other") {
  std::deque<Server> servers;
  std::vector<std::future<bool>> all;
  for (int i = 0; i < 8; ++i) {
    const std::string text = "answer " + std::to_string(i);
    servers.emplace_back(answer_with(kChunked + "8\r\n" + text + "\r\n0\r\n\r\n"));
    all.push_back(std::async(std::launch::async, [text, url = servers.back().url()] {
      const CancelToken never;
      const auto result = http_exchange(get(url), never);
      return result && result->end == HttpEnd::complete && result->body == text;
    }));
  }
  for (std::future<bool>& each : all) CHECK(each.get());
}

TEST_CASE("a connection that breaks while the request is on its way is told from one that breaks after it (B28)") {
  HttpRequest request = get("");
  request.method = "POST";
  SECTION("a request that no buffer holds, and nobody reads it") {
    const Server server([](Connection& client) {
      client.read_some();
      client.reset();
    });
    request.url = server.url();
    request.body = std::string(64u << 20, 'x');
    CHECK(exchange(request).end == HttpEnd::unsent);
  }
  SECTION("read to its end, and no answer") {
    const Server server([](Connection& client) {
      client.read_request();
      client.reset();
    });
    request.url = server.url();
    request.body = "x";
    CHECK(exchange(request).end == HttpEnd::dropped);
  }
}
