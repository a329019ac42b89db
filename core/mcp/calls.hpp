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
};
struct ResourceRead {
  std::string uri;
};
struct PromptCall {
  std::string name;
  std::map<std::string, std::string> arguments;
};
using Subject = std::variant<ToolCall, ResourceRead, PromptCall, CompletionQuery>;

/// The calls that the application has not answered yet, and the questions to the client that belong to them in versions
/// with a handshake.
class Calls {
 public:
  Calls(Service& service, Outbox& outbox, InFlight& in_flight, Tasks& tasks, const Limits& limits)
      : service_(service), outbox_(outbox), in_flight_(in_flight), tasks_(tasks), limits_(limits) {}

  Reply start(const IncomingRequest& incoming, Subject subject);
  /// The request is answered at once, with the task of the call.
  Reply start_task(const IncomingRequest& incoming, Subject subject, std::optional<std::chrono::milliseconds> keep_for);

  bool finish(CallId id, const Answer& answer);
  void cancel(CallId id);
  void cancel_all();
  /// A response to one of our questions; others are ignored.
  void hear(const Response& response);

  void progress(CallId id, const Progress& progress);
  /// About a call; `session_level` is the level that a client with a handshake has set.
  void log(CallId id, LogLevel level, Json params, LogLevel session_level);

 private:
  struct Pending {
    ReplyTo to;
    Subject subject;
    Call call;
    Json progress_token;
    double progress = 0;
    bool has_progress = false;
    std::optional<LogLevel> log_level;
    std::string task;                               // or empty: the request itself waits
    std::map<std::string, std::int64_t> questions;  // open ones to the client: their ids by key
  };
  struct Question {
    CallId call{};
    std::string key, method;
  };

  CallId admit(const IncomingRequest& incoming, Subject subject);
  void hand_over(CallId id);
  bool ask_the_client(CallId id, const InputRequired& input);
  void withdraw_questions(const Pending& pending);
  void conclude(const Pending& pending, const Answer& given);
  Outcome outcome_of(const Pending& pending, const Answer& answer) const;
  void settle_task(const Pending& pending, Outcome outcome);
  void answer(const ReplyTo& to, const Outcome& outcome);

  Service& service_;
  Outbox& outbox_;
  InFlight& in_flight_;
  Tasks& tasks_;
  const Limits& limits_;
  std::map<CallId, Pending> calls_;
  std::uint64_t last_call_ = 0;
  std::map<std::int64_t, Question> questions_;
  std::int64_t last_question_ = 0;
};

/// The capability that a client must have for a method of InputRequired; empty for any other method.
std::string capability_for(const std::string& method);

}  // namespace delegate::mcp
