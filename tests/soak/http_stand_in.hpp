#pragma once
#include <string>

namespace delegate::soak {

/// A server with the OpenAI interface in a process of its own, which answers, fails, breaks off, garbles and falls
/// silent in turn. Ends with its owner.
class HttpStandIn {
 public:
  HttpStandIn();
  HttpStandIn(const HttpStandIn&) = delete;
  HttpStandIn& operator=(const HttpStandIn&) = delete;
  ~HttpStandIn();

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int pid() const { return pid_; }

 private:
  int pid_ = -1;
  int port_ = 0;
};

}  // namespace delegate::soak
