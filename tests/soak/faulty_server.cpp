#include "tests/soak/faulty_server.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <string>

#include "tests/helpers/loopback.hpp"

namespace delegate::soak {
namespace {

using delegate_tests::Connection;
using delegate_tests::Listener;

constexpr std::size_t kSilentAtATime = 32;
constexpr const char* kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
constexpr const char* kPiece = "data: {\"model\":\"tiny\",\"choices\":[{\"delta\":{\"content\":\"hello \"}}]}\n\n";
constexpr const char* kEnd =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: [DONE]\n\n";

[[noreturn]] void serve(const Listener& listener) {
  std::deque<Connection> silent;  // these get no answer
  for (unsigned turn = 0;; ++turn) {
    Fd accepted = listener.accept();
    if (!accepted) continue;
    Connection connection(std::move(accepted));
    connection.read_some();  // a short request comes in one piece on loopback
    switch (turn % 7) {
      case 0:
      case 1: connection.send(std::string(kHead) + kPiece + kPiece + kEnd); break;
      case 2: connection.send("HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}"); break;
      case 3: connection.send(std::string(kHead) + kPiece), connection.reset(); break;
      case 4: connection.send("\x01\x02 this is not HTTP\r\n\r\n"); break;
      case 5: connection.send(std::string(kHead) + "data: {\"choices\":[{\"del\xFF\xFE\n\n: \n"); break;
      default: silent.push_back(std::move(connection)); break;
    }
    if (silent.size() > kSilentAtATime) silent.pop_front();
  }
}

}  // namespace

FaultyServer::FaultyServer() {
  const Listener listener(128);
  port_ = listener.port();
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  serve(listener);
}

FaultyServer::~FaultyServer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace delegate::soak
