#include <poll.h>
#include <unistd.h>

#include "tests/unit/os/scripted_server.hpp"

// Every way in which an exchange ends without a complete response has its own name.
using namespace delegate;
using namespace delegate_tests;

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

TEST_CASE("a connection that is never accepted ends by the connect timeout") {
  const Listener full(0);
  std::vector<Fd> waiting;
  for (int i = 0; i < 4; ++i) {  // fills the queue; the kernel drops further ones
    waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(waiting.back().get(), reinterpret_cast<const sockaddr*>(&full.address()), sizeof(sockaddr_in));
  }
  HttpRequest request = get("http://127.0.0.1:" + full.port() + "/");
  request.clocks.connect = 50ms;
  CHECK(exchange(request).end == HttpEnd::connect_timeout);
}

TEST_CASE("TLS with a server that does not speak it is unreachable") {
  Server server([](Connection& client) {
    client.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    client.wait_for_end();
  });
  CHECK(exchange(get("https://127.0.0.1:" + server.port() + "/")).end == HttpEnd::unreachable);
}

TEST_CASE("each of the three timeouts has its own name, and the server sees the client disconnect") {
  HttpEnd expected = HttpEnd::complete;
  std::string answer;
  HttpRequest request = get("");
  SECTION("no first byte") {
    expected = HttpEnd::no_first_byte;
    request.clocks.first_byte = 60ms;
    request.clocks.idle = 10ms;  // counts from the first byte only
  }
  SECTION("an interim response is not the first byte of the response") {
    expected = HttpEnd::no_first_byte;
    answer = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    request.clocks.first_byte = 60ms;
  }
  SECTION("idle in the middle") {
    expected = HttpEnd::idle;
    answer = kChunked + "4\r\nhalf\r\n";
    request.clocks.idle = 60ms;
  }
  SECTION("too long in total") {
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

TEST_CASE("idle time counts also if the response came before the request was sent") {
  Server server([](Connection& client) {
    client.send(kChunked + "4\r\nhalf\r\n");
    client.wait_for_end();
  });
  HttpRequest request = get(server.url());
  request.clocks.idle = 30ms;
  CHECK(exchange(request).end == HttpEnd::idle);
}

TEST_CASE("a server that does not read the request ends by the first-byte timeout") {
  std::promise<void> over;
  Server server([done = over.get_future().share()](Connection&) { done.wait(); });
  HttpRequest request = get(server.url());
  request.method = "POST";
  request.body.assign(64u << 20, 'b');  // more than all buffers in between hold
  request.clocks.first_byte = 80ms;
  CHECK(exchange(request).end == HttpEnd::no_first_byte);
  over.set_value();
}

TEST_CASE("a response that breaks off is dropped, never complete") {
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

TEST_CASE("a request that is cancelled or timed out before it starts is never sent") {
  CancelToken cancel;
  const Listener nobody;
  HttpRequest request = get("http://127.0.0.1:" + nobody.port() + "/");
  HttpEnd expected = HttpEnd::cancelled;
  SECTION("cancelled") { cancel.cancel(); }
  SECTION("timed out") {
    request.clocks.total = Deadline::in(0ms);
    expected = HttpEnd::timed_out;
  }
  const auto result = http_exchange(request, cancel);
  REQUIRE(result);
  CHECK(result->end == expected);
  pollfd entry{nobody.fd(), POLLIN, 0};
  CHECK(::poll(&entry, 1, 0) == 0);  // no connection
}

TEST_CASE("a reader that needs no more ends the exchange") {
  const Flow wish = GENERATE(Flow::stop, Flow::finish);
  Server server(hang_after(kChunked + "4\r\nhalf\r\n"));
  const HttpResult result = exchange(get(server.url()), [&](std::string_view) { return wish; });
  CHECK(result.end == HttpEnd::stopped);
  CHECK(result.status == 200);
  server.seen();
}

TEST_CASE("a connection that breaks while the request is being sent differs from one that breaks afterwards") {
  HttpRequest request = get("");
  request.method = "POST";
  SECTION("a request larger than all buffers, which the server does not read") {
    const Server server([](Connection& client) {
      client.read_some();
      client.reset();
    });
    request.url = server.url();
    request.body = std::string(64u << 20, 'x');
    CHECK(exchange(request).end == HttpEnd::unsent);
  }
  SECTION("a request that is read to its end, without a response") {
    const Server server([](Connection& client) {
      client.read_request();
      client.reset();
    });
    request.url = server.url();
    request.body = "x";
    CHECK(exchange(request).end == HttpEnd::dropped);
  }
}

TEST_CASE("a server that sends nothing but signs of life is cut after three times the idle time") {
  Server server([](Connection& client) {
    if (!client.read_request() || !client.send(kChunked)) return;
    while (client.send("4\r\nbeat\r\n")) continue;
  });
  HttpRequest request = get(server.url());
  request.clocks.idle = 20ms;
  const HttpResult result = exchange(request, [](std::string_view) { return Flow::idle; });
  CHECK(result.end == HttpEnd::idle);
  CHECK(result.since_last_byte >= 60ms);
}

TEST_CASE("a response whose end was announced is over a moment later, whatever still comes") {
  const bool beats = GENERATE(false, true);
  Server server([beats](Connection& client) {
    if (!client.read_request() || !client.send(kChunked + "4\r\nend\n\r\n")) return;
    while (beats && client.send("4\r\nbeat\r\n")) continue;
    client.wait_for_end();
  });
  HttpRequest request = get(server.url());
  request.clocks.wind_up = 50ms;
  std::string seen;
  const HttpResult result = exchange(request, [&](std::string_view bytes) {
    const bool is_first = seen.empty();
    if (seen.size() < 1000) seen += bytes;
    return is_first ? Flow::wind_up : Flow::idle;
  });
  CHECK(result.end == HttpEnd::stopped);
  CHECK(seen.starts_with("end\n"));
  CHECK((seen.size() > 4) == beats);
}
