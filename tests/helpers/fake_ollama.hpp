#pragma once
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "tests/helpers/fake_server.hpp"

namespace delegate_tests {

/// A fake Ollama daemon on loopback with one small model, which is not loaded at first.
class FakeOllama {
 public:
  enum class Mode { answers, fails, has_no_model, drops };

  explicit FakeOllama(Mode mode = Mode::answers)
      : mode_(mode), server_([this](const FakeServer::Request& request) { return respond(request); }) {}
  ~FakeOllama() { held_ = false; }
  FakeOllama(const FakeOllama&) = delete;
  FakeOllama& operator=(const FakeOllama&) = delete;

  std::string address() const { return server_.address(); }
  void become(Mode mode) { mode_ = mode; }
  /// Nothing is loaded or answered before `go_on`, as when the model is large and the disk slow.
  void hold() { held_ = true; }
  void go_on() { held_ = false; }
  bool has_loaded() const { return loaded_; }
  int connections() const { return server_.connections(); }
  /// Bodies of the chats so far, and of the requests that only load.
  std::vector<std::string> chats() const { return copy(chats_); }
  std::vector<std::string> loads() const { return copy(loads_); }

 private:
  using Reply = FakeServer::Reply;

  std::vector<std::string> copy(const std::vector<std::string>& bodies) const {
    const std::lock_guard lock(mutex_);
    return bodies;
  }

  Reply respond(const FakeServer::Request& request) {
    if (request.path == "/api/tags") return {.body = mode_ == Mode::has_no_model ? kNoModels : kModels};
    if (request.path == "/api/ps") return {.body = loaded_ ? kLoaded : kNoModels};
    if (request.path == "/api/show") return {.body = R"({"model_info":{"llama.context_length":131072}})"};
    if (request.path == "/api/version") return {.body = R"({"version":"0.23.1"})"};
    if (request.path != "/api/chat") return {.status = "404 Not Found", .body = "404 page not found"};
    const bool only_loads = request.body.find(R"("messages":[])") != std::string::npos;
    {
      const std::lock_guard lock(mutex_);
      (only_loads ? loads_ : chats_).push_back(request.body);
    }
    while (held_ && !server_.is_over() && !FakeServer::is_left(request)) ::usleep(1'000);
    if (FakeServer::is_left(request)) return {.then = Reply::Then::close};  // loading stops when its client leaves
    if (mode_ == Mode::drops && !only_loads) return {.body = kAnswer, .then = Reply::Then::drop};
    if (mode_ == Mode::fails && !only_loads)
      return {.status = "500 Internal Server Error", .body = R"({"error":"llama-server process has terminated"})"};
    loaded_ = true;
    return {.body = only_loads ? kDone : kAnswer};
  }

  static constexpr const char* kNoModels = R"({"models":[]})";
  static constexpr const char* kLoaded = R"({"models":[{"name":"tiny:1b","model":"tiny:1b","context_length":4096}]})";
  static constexpr const char* kModels =
      R"({"models":[{"name":"tiny:1b","model":"tiny:1b","modified_at":"2026-10-01T08:00:00Z","size":1000,)"
      R"("details":{"family":"llama"},"capabilities":["completion"]}]})";
  static constexpr const char* kDone =
      R"({"model":"tiny:1b","message":{"role":"assistant","content":""},"done":true,"done_reason":"load"})";
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
  std::atomic<bool> loaded_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> chats_;
  std::vector<std::string> loads_;
  FakeServer server_;  // last: it ends first
};

}  // namespace delegate_tests
