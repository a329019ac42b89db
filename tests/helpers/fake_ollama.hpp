#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/os/fd.hpp"

namespace delegate_tests {

/// A stand-in for an Ollama daemon with one small model, on loopback, in a thread: one request a connection, one
/// connection at a time.
class FakeOllama {
 public:
  enum class Mode { answers, fails, has_no_model };

  explicit FakeOllama(Mode mode = Mode::answers) : mode_(mode) {
    listener_ = delegate::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    auto* address = reinterpret_cast<sockaddr*>(&name);
    if (::bind(listener_.get(), address, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), address, &size) != 0)
      throw std::runtime_error("fake_ollama: no loopback");
    port_ = ntohs(name.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  FakeOllama(const FakeOllama&) = delete;
  FakeOllama& operator=(const FakeOllama&) = delete;
  ~FakeOllama() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
    thread_.join();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void become(Mode mode) { mode_ = mode; }
  /// Chats are not answered before `go_on`, as when a model is being loaded.
  void hold() { held_ = true; }
  void go_on() { held_ = false; }
  /// Bodies of the chats so far.
  std::vector<std::string> chats() const {
    const std::lock_guard lock(mutex_);
    return chats_;
  }

 private:
  void serve() {
    for (;;) {
      const delegate::Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return;
      respond(connection.get(), request(connection.get()));
    }
  }

  /// Head and body of one request, as they came.
  static std::string request(int connection) {
    std::string text;
    std::size_t whole = std::string::npos;
    while (text.size() < whole) {
      std::array<char, 65536> buffer{};
      const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
      if (count <= 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(count));
      const std::size_t head = text.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      const std::size_t length = text.find("Content-Length: ");
      whole = head + 4 + (length < head ? std::strtoul(text.c_str() + length + 16, nullptr, 10) : 0);
    }
    return text;
  }

  void respond(int connection, const std::string& request) {
    const auto asks_for = [&](const char* path) { return request.find(std::string(" ") + path + " ") < 16; };
    if (asks_for("/api/tags")) return send(connection, "200 OK", mode_ == Mode::has_no_model ? kNoModels : kModels);
    if (asks_for("/api/ps")) return send(connection, "200 OK", kNoModels);
    if (asks_for("/api/version")) return send(connection, "200 OK", R"({"version":"0.23.1"})");
    if (!asks_for("/api/chat")) return send(connection, "404 Not Found", "404 page not found");
    {
      const std::lock_guard lock(mutex_);
      chats_.push_back(request.substr(request.find("\r\n\r\n") + 4));
    }
    for (int i = 0; held_ && i < 60'000; ++i) ::usleep(1'000);
    if (mode_ == Mode::fails)
      return send(connection, "500 Internal Server Error", R"({"error":"llama-server process has terminated"})");
    send(connection, "200 OK", kAnswer);
  }

  static void send(int connection, const std::string& status, const std::string& body) {
    const std::string text = "HTTP/1.1 " + status +
                             "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                             "\r\nConnection: close\r\n\r\n" + body;
    for (std::size_t sent = 0; sent < text.size();) {
      const ssize_t count = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  }

  static constexpr const char* kNoModels = R"({"models":[]})";
  static constexpr const char* kModels =
      R"({"models":[{"name":"tiny:1b","model":"tiny:1b","modified_at":"2026-10-01T08:00:00Z","size":1000,)"
      R"("details":{"family":"llama"},"capabilities":["completion"]}]})";
  static constexpr const char* kAnswer =
      R"({"model":"tiny:1b","message":{"role":"assistant","content":"the local "},"done":false})"
      "\n"
      R"({"model":"tiny:1b","message":{"role":"assistant","content":"answer"},"done":false})"
      "\n"
      R"({"model":"tiny:1b","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop",)"
      R"("prompt_eval_count":11,"eval_count":7})"
      "\n";

  std::atomic<Mode> mode_;
  std::atomic<bool> held_{false};
  delegate::Fd listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> chats_;
  std::thread thread_;
};

}  // namespace delegate_tests
