#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/mcp/asked.hpp"
#include "core/mcp/calls.hpp"
#include "core/mcp/connection.hpp"
#include "core/mcp/in_flight.hpp"
#include "core/mcp/lines.hpp"
#include "core/mcp/message.hpp"
#include "core/mcp/outbox.hpp"
#include "core/mcp/subscriptions.hpp"
#include "core/mcp/tasks.hpp"

namespace delegate::mcp {

/// The inside of a Connection: from bytes to messages, from messages to methods. Methods that ask the application are
/// checked here and become Calls.
class Speaker {
 public:
  Speaker(Service& service, const Limits& limits);

  void feed(std::string_view bytes);
  void end_of_input();
  void log(LogLevel level, const std::string& logger, const Json& data, std::optional<CallId> about);
  void resource_updated(const std::string& uri) { subscriptions_.resource_updated(outbox_, uri); }
  void list_changed(List list);
  Outbox& outbox() { return outbox_; }
  Calls& calls() { return calls_; }

 private:
  using Batch = std::optional<std::uint64_t>;
  struct Method {
    std::string_view name;
    bool (*is_part_of)(Version);
    bool (*is_offered)(const Offer&);
    Reply (Speaker::*answer)(const Asked&);
  };
  static const Method* find_method(std::string_view name);

  void on_line(Lines::Found found);
  void on_batch(const Json& messages);
  void on_message(Json value, Batch batch);
  void on_request(Request request, Batch batch);
  void on_notification(const Notification& notification);
  Reply reply_to(Request& request, const Seat& seat, Batch batch);
  std::variant<Asked, Refusal> understand(Request& request, const Seat& seat) const;
  std::optional<Refusal> understand_modern(Asked& asked) const;

  Reply initialize(const Asked& asked);
  Reply discover(const Asked& asked);
  Reply ping(const Asked& asked);
  Reply set_level(const Asked& asked);
  Reply list_tools(const Asked& asked);
  Reply list_resources(const Asked& asked);
  Reply list_resource_templates(const Asked& asked);
  Reply list_prompts(const Asked& asked);
  Reply subscribe(const Asked& asked);
  Reply unsubscribe(const Asked& asked);
  Reply listen(const Asked& asked);

  Reply call_tool(const Asked& asked);
  Reply read_resource(const Asked& asked);
  Reply get_prompt(const Asked& asked);
  Reply complete_argument(const Asked& asked);

  Reply get_task(const Asked& asked);
  Reply task_result(const Asked& asked);
  Reply list_tasks(const Asked& asked);
  Reply cancel_task(const Asked& asked);
  std::variant<std::string, Refusal> task_named_in(const Asked& asked);

  template <class Item>
  Reply listed(const Asked& asked, const char* key, const std::vector<Item>& items) const;

  /// What `initialize` said; before it, or without it, what is usual.
  struct Session {
    bool begun = false;
    Client client;
    LogLevel log_level = LogLevel::info;
  };

  Service& service_;
  Limits limits_;
  Lines lines_;
  Outbox outbox_;
  InFlight in_flight_;
  Tasks tasks_;
  Calls calls_;
  Subscriptions subscriptions_;
  Session session_;
};

}  // namespace delegate::mcp
