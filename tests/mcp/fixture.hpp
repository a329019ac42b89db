#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "core/mcp/connection.hpp"

// The server that the conformance tests of the protocol expect, as far as this library can be one: tools and resources
// with the names and the behaviour that their descriptions ask for.
namespace delegate::mcp::fixture {

class Fixture : public Service {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  Fixture();
  void serve(Connection& connection) { connection_ = &connection; }
  /// When `advance` has something to do; nothing: never.
  std::optional<Moment> wake() const;
  /// Answers the slow calls whose time is over.
  void advance();

  const Capabilities& capabilities() const override { return capabilities_; }
  void call_tool(const Call& call, const std::string& name, const Json& arguments) override;
  void read_resource(const Call& call, const std::string& uri) override;
  void cancelled(CallId id, CancelledBy) override { slow_.erase(id); }

 private:
  struct Slow {
    Moment ends;
    Answer answer;
  };
  void answer_later(CallId id, std::chrono::milliseconds after, Answer answer);

  Capabilities capabilities_;
  Connection* connection_ = nullptr;
  std::map<CallId, Slow> slow_;
  int tasks_ = 0;
};

}  // namespace delegate::mcp::fixture
