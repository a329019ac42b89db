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

/// Tasks, of 2025-11-25 and of the extension of 2026-07-28: calls whose results are kept for a while and fetched by
/// name.
class Tasks {
 public:
  enum class Status { working, completed, failed, cancelled };

  explicit Tasks(std::size_t most) : most_(most) {}

  /// False: there are too many tasks, or there is one with this name.
  bool create(const TaskKeeping& keeping, const std::string& name, CallId call,
              std::optional<std::chrono::milliseconds> keep_for);
  bool has(const std::string& name) const { return tasks_.count(name) != 0; }
  bool is_over(const std::string& name) const;
  CallId call_of(const std::string& name) const { return tasks_.at(name).call; }

  void move(const TaskKeeping& keeping, const std::string& name, Status status, std::string message);
  /// Returns the requests that wait for the outcome.
  std::vector<ReplyTo> settle(const TaskKeeping& keeping, const std::string& name, Status status, Outcome outcome);
  const Outcome& outcome(const std::string& name) const { return tasks_.at(name).outcome; }
  void wait(const std::string& name, ReplyTo to) { tasks_.at(name).waiting.push_back(std::move(to)); }
  void stop_waiting(Outbox& outbox, const std::string& name, const Json& id);

  /// As `Task` of the protocol. In 2026-07-28 with its outcome, once there is one.
  Json describe(const TaskKeeping& keeping, const std::string& name, Version version) const;
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

/// `_meta` that ties a message to a task of 2025-11-25.
Json related_task(const std::string& name);

}  // namespace delegate::mcp
