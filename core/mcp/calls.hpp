#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "core/mcp/connection.hpp"
#include "core/mcp/in_flight.hpp"
#include "core/mcp/tasks.hpp"

namespace delegate::mcp {

struct ToolCall {
  std::string name;
  Json arguments;
  bool may_be_task = false;
};
struct ResourceRead {
  std::string uri;
};
using Subject = std::variant<ToolCall, ResourceRead>;

/// The calls that the application has not answered yet.
class Calls {
 public:
  Calls(Service& service, Outbox& outbox, InFlight& in_flight, Tasks& tasks, const Limits& limits)
      : service_(service), outbox_(outbox), in_flight_(in_flight), tasks_(tasks), limits_(limits) {}

  Reply start(const IncomingRequest& incoming, Subject subject);
  /// The request is answered at once, with the task of the call (2025-11-25).
  Reply start_task(const IncomingRequest& incoming, Subject subject, std::optional<std::chrono::milliseconds> keep_for);
  /// See Connection.
  bool make_task(CallId id, const std::string& name, const std::string& status_message);

  bool finish(CallId id, const Answer& answer);
  void cancel(CallId id, CancelledBy by);
  void cancel_all();
  void progress(CallId id, const Progress& progress);

 private:
  struct Pending {
    ReplyTo to;
    Subject subject;
    Call call;
    Json progress_token;
    double progress = 0;
    bool has_progress = false;
    std::string task;  // or empty: the request itself waits
  };

  CallId admit(const IncomingRequest& incoming, Subject subject);
  void hand_over(CallId id);
  void settle_task(const Pending& pending, Outcome outcome);
  void settle_task(const Pending& pending, Tasks::Status status, const Outcome& outcome);
  void answer(const ReplyTo& to, const Outcome& outcome);

  Service& service_;
  Outbox& outbox_;
  InFlight& in_flight_;
  Tasks& tasks_;
  const Limits& limits_;
  std::map<CallId, Pending> calls_;
  std::uint64_t last_call_ = 0;
};

}  // namespace delegate::mcp
