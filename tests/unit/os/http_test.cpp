#include <cstdlib>
#include <deque>
#include <random>

#include "tests/unit/os/scripted_server.hpp"

// What is sent, and what of a complete response is passed on. For other ends see http_ends_test.
using namespace delegate;
using namespace delegate_tests;

namespace {

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

}  // namespace

TEST_CASE("a response with a length is complete") {
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

TEST_CASE("a chunked response may be split anywhere") {
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

TEST_CASE("a response without a length ends with the connection") {
  Server server(answer_with("HTTP/1.0 200 OK\r\n\r\nold style"));
  const HttpResult result = exchange(get(server.url()));
  CHECK(result.end == HttpEnd::complete);
  CHECK(result.body == "old style");
}

TEST_CASE("a response with an error status is complete, too") {
  SECTION("500 with a body") {
    Server server(answer_with("HTTP/1.1 500 Oh\r\nContent-Length: 15\r\n\r\n{\"error\":\"bad\"}"));
    const HttpResult result = exchange(get(server.url()));
    CHECK(result.end == HttpEnd::complete);
    CHECK(result.status == 500);
    CHECK(result.body == "{\"error\":\"bad\"}");
  }
  SECTION("the most exact header says when to try again, in any order") {
    Server server(
        answer_with("HTTP/1.1 429 Slow down\r\nx-ratelimit-reset: 60\r\nRetry-After-Ms: 1500\r\n"
                    "Retry-After: 2\r\nContent-Length: 0\r\n\r\n"));
    CHECK(exchange(get(server.url())).retry_after == "1500ms");
  }
  SECTION("429 with Retry-After, in any case") {
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

TEST_CASE("only the first bytes of a long body are kept, and the reader sees all") {
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
    if (host == "127.0.1.7") {  // no server there: what matters is that the proxy does not answer
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

TEST_CASE("an invalid request is refused with a reason, and no password is repeated") {
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

TEST_CASE("a compressed response is unpacked, though none was requested") {
  // "data: hello", as gzip packs it.
  const std::string packed(
      "\x1F\x8B\x08\x00\x00\x00\x00\x00\x02\x03\x4B\x49\x2C\x49\xB4\x52\xC8\x48\xCD\xC9\xC9\xE7\xE2\x02\x00\x1D\x73\x9D"
      "\xD4\x0D\x00\x00\x00",
      33);
  Server server(answer_with("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                            std::to_string(packed.size()) + "\r\n\r\n" + packed));
  CHECK(exchange(get(server.url())).body == "data: hello\n\n");
  CHECK(server.seen().first.find("gzip") == std::string::npos);
}
