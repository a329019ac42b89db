#pragma once
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/mcp/errors.hpp"
#include "core/mcp/outbox.hpp"
#include "core/mcp/service.hpp"

namespace delegate::mcp {

/// What a call came to, as it is written.
using Outcome = std::variant<Json, Refusal>;

/// The tasks of 2025-11-25: calls whose results are kept for a time and fetched by name.
class Tasks {
 public:
  enum class Status { working, input_required, completed, failed, cancelled };

  explicit Tasks(std::size_t most) : most_(most) {}

  /// Its name; nothing when there are as many as may be.
  std::optional<std::string> create(const TaskKeeping& keeping, CallId call,
                                    std::optional<std::chrono::milliseconds> keep_for);
  bool has(const std::string& name) const { return tasks_.count(name) != 0; }
  bool is_over(const std::string& name) const;
  CallId call_of(const std::string& name) const { return tasks_.at(name).call; }
  void follow(const std::string& name, CallId call) { tasks_.at(name).call = call; }

  void move(const TaskKeeping& keeping, const std::string& name, Status status, std::string message = {});
  /// Returns who waits for the outcome.
  std::vector<Seat> settle(const TaskKeeping& keeping, const std::string& name, Status status, Outcome outcome);
  const Outcome& outcome(const std::string& name) const { return tasks_.at(name).outcome; }
  void wait(const std::string& name, Seat seat) { tasks_.at(name).waiting.push_back(std::move(seat)); }
  void stop_waiting(Outbox& outbox, const std::string& name, const Json& id);

  /// As `Task` of the protocol.
  Json describe(const TaskKeeping& keeping, const std::string& name) const;
  std::vector<std::string> names() const;
  /// Forgets what is over and older than it was to be kept.
  void expire(const TaskKeeping& keeping);

 private:
  using Moment = std::chrono::system_clock::time_point;
  struct Task {
    std::size_t number = 0;  // in the order of their beginnings
    CallId call{};
    Status status = Status::working;
    std::string message;
    Moment begun, changed;
    std::chrono::milliseconds keep_for{};
    Outcome outcome;
    std::vector<Seat> waiting;
  };
  std::size_t most_;
  std::size_t last_number_ = 0;
  std::map<std::string, Task> tasks_;
};

/// `_meta` that ties a message to a task.
Json related_task(const std::string& name);

}  // namespace delegate::mcp
