#pragma once
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/mcp/message.hpp"
#include "core/mcp/outbox.hpp"
#include "core/mcp/service.hpp"

namespace delegate::mcp {

/// The outcome of a call as it is sent.
using Outcome = std::variant<Json, Refusal>;

/// The tasks of 2025-11-25: calls whose results are kept for a while and fetched by name.
class Tasks {
 public:
  enum class Status { working, input_required, completed, failed, cancelled };

  explicit Tasks(std::size_t most) : most_(most) {}

  /// Returns the name; nothing if there are too many tasks.
  std::optional<std::string> create(const TaskKeeping& keeping, CallId call,
                                    std::optional<std::chrono::milliseconds> keep_for);
  bool has(const std::string& name) const { return tasks_.count(name) != 0; }
  bool is_over(const std::string& name) const;
  CallId call_of(const std::string& name) const { return tasks_.at(name).call; }
  void follow(const std::string& name, CallId call) { tasks_.at(name).call = call; }

  void move(const TaskKeeping& keeping, const std::string& name, Status status, std::string message = {});
  /// Returns the requests that wait for the outcome.
  std::vector<ReplyTo> settle(const TaskKeeping& keeping, const std::string& name, Status status, Outcome outcome);
  const Outcome& outcome(const std::string& name) const { return tasks_.at(name).outcome; }
  void wait(const std::string& name, ReplyTo to) { tasks_.at(name).waiting.push_back(std::move(to)); }
  void stop_waiting(Outbox& outbox, const std::string& name, const Json& id);

  /// As `Task` of the protocol.
  Json describe(const TaskKeeping& keeping, const std::string& name) const;
  std::vector<std::string> names() const;
  /// Deletes ended tasks whose time is over.
  void expire(const TaskKeeping& keeping);

 private:
  using Moment = std::chrono::system_clock::time_point;
  struct Task {
    std::size_t number = 0;  // in the order of creation
    CallId call{};
    Status status = Status::working;
    std::string message;
    Moment begun, changed;
    std::chrono::milliseconds keep_for{};
    Outcome outcome;
    std::vector<ReplyTo> waiting;
  };
  std::size_t most_;
  std::size_t last_number_ = 0;
  std::map<std::string, Task> tasks_;
};

/// `_meta` that ties a message to a task.
Json related_task(const std::string& name);

}  // namespace delegate::mcp
