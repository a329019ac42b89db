#pragma once
#include <string>

namespace delegate::soak {

/// A server with the OpenAI interface that answers, fails, breaks off, sends garbage and falls silent in turn. It runs
/// in its own process, so that the soak's figures are delegate's alone, and ends with its owner.
class FaultyServer {
 public:
  FaultyServer();
  FaultyServer(const FaultyServer&) = delete;
  FaultyServer& operator=(const FaultyServer&) = delete;
  ~FaultyServer();

  std::string url() const { return "http://127.0.0.1:" + port_; }
  int pid() const { return pid_; }

 private:
  int pid_ = -1;
  std::string port_;
};

}  // namespace delegate::soak
