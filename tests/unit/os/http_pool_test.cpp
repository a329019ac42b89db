#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "core/os/http.hpp"
#include "tests/helpers/fake_server.hpp"

// Which connections are kept: the server counts them.
using namespace delegate;
using namespace std::chrono_literals;
using delegate_tests::FakeServer;
using Then = FakeServer::Reply::Then;

namespace {

/// Echoes the request; "/drop" breaks off, "/close" closes, "/hang" sends nothing until the client disconnects.
class Echo {
 public:
  std::string url(const std::string& path) const { return server_.url() + path; }
  int connections() const { return server_.connections(); }
  bool is_hanging() const { return hanging_; }
  bool was_left() const { return left_; }

 private:
  FakeServer::Reply answer(const FakeServer::Request& request) {
    if (request.path == "/drop") return {.body = "half", .then = Then::drop};
    if (request.path == "/close") return {.body = "bye", .then = Then::close};
    if (request.path != "/hang") return {.body = request.path + request.body};
    hanging_ = true;
    while (!server_.is_over() && !FakeServer::is_left(request)) std::this_thread::sleep_for(1ms);
    left_ = FakeServer::is_left(request);
    return {.then = Then::close};
  }
  std::atomic<bool> hanging_{false};
  std::atomic<bool> left_{false};
  FakeServer server_{[this](const FakeServer::Request& request) { return answer(request); }};
};

HttpRequest request_to(const std::string& url) {
  HttpRequest request{.url = url};
  request.clocks.connect = 10s;
  request.clocks.total = Deadline::in(60s);  // no test waits for it: it ends a test that would hang
  return request;
}

HttpResult ask(const HttpRequest& request, const std::function<Flow(std::string_view)>& on_body = {}) {
  const CancelToken never;
  auto result = http_exchange(request, never, on_body);
  return result ? *std::move(result) : HttpResult{.end = HttpEnd::malformed, .message = result.error().what};
}
HttpResult ask(const std::string& url) { return ask(request_to(url)); }

template <class Condition>
bool eventually(Condition condition) {
  const Deadline patience = Deadline::in(120s);  // ends a test that would hang
  while (!condition()) {
    if (patience.passed()) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

}  // namespace

TEST_CASE("requests to one server go over one connection, whatever they are") {
  const Echo echo;
  CHECK(ask(echo.url("/one")).body == "/one");
  HttpRequest post = request_to(echo.url("/two"));
  post.method = "POST";
  post.body = "!";
  CHECK(ask(post).body == "/two!");
  CHECK(ask(echo.url("/three")).body == "/three");
  CHECK(echo.connections() == 1);
}

TEST_CASE("a response that has been understood is read to its end, so that its connection is kept") {
  const Echo echo;
  for (int i = 0; i < 3; ++i)
    CHECK(ask(request_to(echo.url("/one")), [](std::string_view) { return Flow::finish; }).end == HttpEnd::stopped);
  CHECK(echo.connections() == 1);
  CHECK(ask(request_to(echo.url("/one")), [](std::string_view) { return Flow::stop; }).end == HttpEnd::stopped);
  CHECK(ask(echo.url("/two")).body == "/two");
  CHECK(echo.connections() == 2);
}

TEST_CASE("each server has connections of its own") {
  const Echo one;
  const Echo other;
  for (int i = 0; i < 3; ++i) {
    CHECK(ask(one.url("/x")).body == "/x");
    CHECK(ask(other.url("/y")).body == "/y");
  }
  CHECK(one.connections() == 1);
  CHECK(other.connections() == 1);
}

TEST_CASE("a broken connection is not used again") {
  const Echo echo;
  CHECK(ask(echo.url("/one")).end == HttpEnd::complete);
  CHECK(ask(echo.url("/drop")).end == HttpEnd::dropped);
  CHECK(echo.connections() == 1);
  CHECK(ask(echo.url("/two")).body == "/two");
  CHECK(echo.connections() == 2);
}

TEST_CASE("a fresh connection is neither taken from the kept ones nor kept itself") {
  const Echo echo;
  CHECK(ask(echo.url("/one")).end == HttpEnd::complete);
  HttpRequest fresh = request_to(echo.url("/two"));
  fresh.fresh = true;
  for (int i = 2; i <= 4; ++i) {
    CHECK(ask(fresh).body == "/two");
    CHECK(echo.connections() == i);
  }
  CHECK(ask(echo.url("/one")).end == HttpEnd::complete);
  CHECK(echo.connections() == 4);
}

TEST_CASE("a request uses a new connection if the server has closed the kept one") {
  const Echo echo;
  CHECK(ask(echo.url("/close")).body == "bye");
  CHECK(ask(echo.url("/one")).body == "/one");
  CHECK(echo.connections() == 2);
}

TEST_CASE("a request that is cancelled or times out closes its connection") {
  const Echo echo;
  CHECK(ask(echo.url("/one")).end == HttpEnd::complete);
  SECTION("cancelled") {
    CancelToken cancel;
    std::thread asker([&] {
      const auto result = http_exchange(request_to(echo.url("/hang")), cancel);
      static_cast<void>(result);
    });
    REQUIRE(eventually([&] { return echo.is_hanging(); }));
    cancel.cancel();
    asker.join();
  }
  SECTION("timed out") {
    HttpRequest late = request_to(echo.url("/hang"));
    late.clocks.first_byte = 20ms;
    CHECK(ask(late).end == HttpEnd::no_first_byte);
  }
  CHECK(eventually([&] { return echo.was_left(); }));
  CHECK(ask(echo.url("/two")).body == "/two");
  CHECK(echo.connections() == 2);
}

TEST_CASE("threads never share a connection, and keep no more than they used") {
  const Echo echo;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, path = "/" + std::to_string(i)] {
      for (int n = 0; n < 50; ++n)
        if (ask(echo.url(path)).body != path) ++wrong;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(echo.connections() <= 8);
}

TEST_CASE("a forked child does not use the connections of its parent") {
  const Echo echo;
  CHECK(ask(echo.url("/one")).end == HttpEnd::complete);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(ask(echo.url("/child")).body == "/child" ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(echo.connections() == 2);
  CHECK(ask(echo.url("/two")).body == "/two");
  CHECK(echo.connections() == 2);
}
