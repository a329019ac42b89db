#include "tests/soak/http_stand_in.hpp"

#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <stdexcept>

#include "core/os/fd.hpp"

namespace delegate::soak {
namespace {

constexpr std::size_t kSilentAtATime = 32;
constexpr const char* kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
constexpr const char* kPiece = "data: {\"model\":\"tiny\",\"choices\":[{\"delta\":{\"content\":\"hello \"}}]}\n\n";
constexpr const char* kEnd =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: [DONE]\n\n";

void send_all(const Fd& connection, const std::string& text) {
  static_cast<void>(::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL));  // the other side may be gone
}

/// Reads what has come of a request; a short one comes in one piece on loopback.
void take_request(const Fd& connection) {
  std::array<char, 65536> buffer{};
  static_cast<void>(::recv(connection.get(), buffer.data(), buffer.size(), 0));
}

/// Closing with unsent data resets the connection.
void reset_connection(const Fd& connection) {
  const linger now{1, 0};
  ::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

[[noreturn]] void serve(const Fd& listener) {
  std::deque<Fd> silent;  // connections that get no answer
  for (unsigned turn = 0;; ++turn) {
    Fd connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) continue;
    take_request(connection);
    switch (turn % 7) {
      case 0:
      case 1: send_all(connection, std::string(kHead) + kPiece + kPiece + kEnd); break;
      case 2: send_all(connection, "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}"); break;
      case 3: send_all(connection, std::string(kHead) + kPiece), reset_connection(connection); break;
      case 4: send_all(connection, "\x01\x02 this is not HTTP\r\n\r\n"); break;
      case 5: send_all(connection, std::string(kHead) + "data: {\"choices\":[{\"del\xFF\xFE\n\n: \n"); break;
      default: silent.push_back(std::move(connection)); break;
    }
    if (silent.size() > kSilentAtATime) silent.pop_front();
  }
}

}  // namespace

HttpStandIn::HttpStandIn() {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  auto* address = reinterpret_cast<sockaddr*>(&name);
  if (::bind(listener.get(), address, size) != 0 || ::listen(listener.get(), 128) != 0 ||
      ::getsockname(listener.get(), address, &size) != 0)
    throw std::runtime_error("http_stand_in: no loopback");
  port_ = ntohs(name.sin_port);
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  serve(listener);
}

HttpStandIn::~HttpStandIn() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace delegate::soak
