#include "core/os/local_port.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "core/os/fd.hpp"

namespace delegate {
namespace {

/// A connection to the own machine is there or refused at once, unless its server is too busy.
constexpr int kPatience = 20;  // ms

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

Address v4(const in_addr& host) {
  Address out;
  auto* const address = reinterpret_cast<sockaddr_in*>(&out.bytes);
  address->sin_family = AF_INET;
  address->sin_addr = host;
  out.size = sizeof *address;
  return out;
}

Address v6(const in6_addr& host) {
  Address out;
  auto* const address = reinterpret_cast<sockaddr_in6*>(&out.bytes);
  address->sin6_family = AF_INET6;
  address->sin6_addr = host;
  out.size = sizeof *address;
  return out;
}

in_addr loopback() { return {htonl(INADDR_LOOPBACK)}; }

/// Empty: the host is no address of this machine.
std::vector<Address> addresses_of(std::string host) {
  if (::strcasecmp(host.c_str(), "localhost") == 0) return {v4(loopback()), v6(in6addr_loopback)};
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  in_addr four{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) {
    if (four.s_addr == htonl(INADDR_ANY)) return {v4(loopback())};
    constexpr std::uint32_t kLoopbackNet = 127;
    return ntohl(four.s_addr) >> 24U == kLoopbackNet ? std::vector{v4(four)} : std::vector<Address>{};
  }
  in6_addr six{};
  if (::inet_pton(AF_INET6, host.c_str(), &six) != 1) return {};
  if (IN6_IS_ADDR_UNSPECIFIED(&six)) return {v6(in6addr_loopback)};
  return IN6_IS_ADDR_LOOPBACK(&six) ? std::vector{v6(six)} : std::vector<Address>{};
}

bool is_there(Address address, std::uint16_t port) {
  // Both families have the port at the same place.
  reinterpret_cast<sockaddr_in*>(&address.bytes)->sin_port = htons(port);
  const Fd socket(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return false;
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.bytes), address.size) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd one{socket.get(), POLLOUT, 0};
  if (::poll(&one, 1, kPatience) == 0) return true;
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
}

}  // namespace

bool is_local_host(const std::string& host) { return !addresses_of(host).empty(); }

bool is_listening(const std::string& local_host, std::uint16_t port) {
  const std::vector<Address> addresses = addresses_of(local_host);
  return std::any_of(addresses.begin(), addresses.end(), [&](const Address& one) { return is_there(one, port); });
}

}  // namespace delegate
