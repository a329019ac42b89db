#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "core/os/fd.hpp"
#include "core/os/local_port.hpp"

using namespace delegate;

namespace {

struct Bound {
  Fd socket;
  std::uint16_t port = 0;
};
/// Bound to a free port of an address.
Bound bound(std::uint32_t host = INADDR_LOOPBACK) {
  Bound out{Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  socklen_t size = sizeof address;
  REQUIRE(::bind(out.socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(out.socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  out.port = ntohs(address.sin_port);
  return out;
}

}  // namespace

TEST_CASE("a port of this machine is known to have a server only while one listens") {
  Bound server = bound();
  CHECK_FALSE(is_listening("127.0.0.1", server.port));
  REQUIRE(::listen(server.socket.get(), 1) == 0);
  for (const char* host : {"127.0.0.1", "localhost", "LocalHost", "0.0.0.0"}) CHECK(is_listening(host, server.port));
  CHECK_FALSE(is_listening("127.0.0.2", server.port));  // another address
  server.socket.reset();
  CHECK_FALSE(is_listening("127.0.0.1", server.port));
  Bound other = bound(INADDR_LOOPBACK + 1);
  REQUIRE(::listen(other.socket.get(), 1) == 0);
  CHECK(is_listening("127.0.0.2", other.port));
}

TEST_CASE("only addresses of the loopback network count as this machine") {
  for (const char* host :
       {"localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1", "[0:0:0:0:0:0:0:1]", "0.0.0.0", "[::]"})
    CHECK(is_local_host(host));
  for (const char* host :
       {"", "127.example.org", "localhost.example.org", "128.0.0.1", "[::2]", "127.1.2", "example.org"})
    CHECK_FALSE(is_local_host(host));
}

TEST_CASE("a server that is too busy to accept a connection is there") {
  const Bound server = bound();
  REQUIRE(::listen(server.socket.get(), 0) == 0);
  for (int looks = 0; looks < 4; ++looks) CHECK(is_listening("127.0.0.1", server.port));
}
