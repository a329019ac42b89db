#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "core/mcp/asked.hpp"
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

/// What the application was asked and has not answered: from the request to its answer, with the questions to the
/// client that a version with handshake needs in between.
class Calls {
 public:
  Calls(Service& service, Outbox& outbox, InFlight& in_flight, Tasks& tasks, const Limits& limits)
      : service_(service), outbox_(outbox), in_flight_(in_flight), tasks_(tasks), limits_(limits) {}

  Reply start(const Asked& asked, Subject subject);
  /// The request is answered at once, with a task that the call belongs to.
  Reply start_task(const Asked& asked, Subject subject, std::optional<std::chrono::milliseconds> keep_for);

  bool finish(CallId id, const Answer& answer);
  void cancel(CallId id);
  void cancel_all();
  /// The client answered something that we asked, or somebody else.
  void hear(const Response& response);

  void progress(CallId id, const Progress& progress);
  /// About a call; `session_level` is what a client with handshake wants.
  void log(CallId id, LogLevel level, Json params, LogLevel session_level);

 private:
  struct Pending {
    Seat seat;
    Subject subject;
    Call call;
    Json progress_token;
    double progress = 0;
    bool has_progress = false;
    std::optional<LogLevel> log_level;
    std::string task;                               // or empty: the seat waits
    std::map<std::string, std::int64_t> questions;  // to the client, by key: the id of each that has no answer yet
  };
  struct Question {
    CallId call{};
    std::string key, method;
  };

  CallId admit(const Asked& asked, Subject subject);
  void hand_over(CallId id);
  bool ask_the_client(CallId id, const InputRequired& input);
  void withdraw_questions(const Pending& pending);
  void conclude(const Pending& pending, const Answer& given);
  Outcome outcome_of(const Pending& pending, const Answer& answer) const;
  void settle_task(const Pending& pending, Outcome outcome);
  void answer(const Seat& seat, const Outcome& outcome);

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

/// The capability that a client declares for a method that InputRequired may name; empty for any other method.
std::string capability_for(const std::string& method);

}  // namespace delegate::mcp
