#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/mcp/calls.hpp"
#include "core/mcp/connection.hpp"
#include "core/mcp/in_flight.hpp"
#include "core/mcp/input.hpp"
#include "core/mcp/message.hpp"
#include "core/mcp/outbox.hpp"
#include "core/mcp/tasks.hpp"

namespace delegate::mcp {

/// The implementation of a Connection: from bytes to messages, from messages to methods. Methods for the application
/// are checked here and become Calls.
class Session {
 public:
  Session(Service& service, const Limits& limits);

  void feed(std::string_view bytes);
  void end_of_input();
  Outbox& outbox() { return outbox_; }
  Calls& calls() { return calls_; }

 private:
  using Batch = std::optional<std::uint64_t>;
  struct Method {
    std::string_view name;
    bool (*is_part_of)(Version);
    bool (*is_offered)(const Capabilities&);
    Reply (Session::*answer)(const IncomingRequest&);
  };
  static const Method* find_method(std::string_view name);

  void on_line(Lines::Found found);
  void on_batch(const Json& messages);
  void on_message(Json value, Batch batch);
  void on_request(Request request, Batch batch);
  void on_notification(const Notification& notification);
  Reply reply_to(Request& request, const ReplyTo& to, Batch batch);
  std::variant<IncomingRequest, Refusal> understand(Request& request, const ReplyTo& to) const;
  std::optional<Refusal> understand_modern(IncomingRequest& incoming) const;

  Reply initialize(const IncomingRequest& incoming);
  Reply discover(const IncomingRequest& incoming);
  Reply ping(const IncomingRequest& incoming);
  Reply list_tools(const IncomingRequest& incoming);
  Reply list_resources(const IncomingRequest& incoming);
  Reply list_resource_templates(const IncomingRequest& incoming);
  Reply listen(const IncomingRequest& incoming);

  Reply call_tool(const IncomingRequest& incoming);
  Reply read_resource(const IncomingRequest& incoming);

  Reply get_task(const IncomingRequest& incoming);
  Reply task_result(const IncomingRequest& incoming);
  Reply list_tasks(const IncomingRequest& incoming);
  Reply update_task(const IncomingRequest& incoming);
  Reply cancel_task(const IncomingRequest& incoming);
  std::variant<std::string, Refusal> task_named_in(const IncomingRequest& incoming);

  template <class Item>
  Reply listed(const IncomingRequest& incoming, const char* key, const std::vector<Item>& items) const;

  /// The result of `initialize`; without it, the defaults.
  struct Handshake {
    bool begun = false;
    Client client;
  };

  Service& service_;
  Limits limits_;
  Lines lines_;
  Outbox outbox_;
  InFlight in_flight_;
  Tasks tasks_;
  Calls calls_;
  Handshake handshake_;
};

}  // namespace delegate::mcp
