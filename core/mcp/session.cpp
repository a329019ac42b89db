#include "core/mcp/session.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/mcp/input.hpp"
#include "core/mcp/wire.hpp"

// From bytes to methods.
namespace delegate::mcp {
namespace {

Refusal refusal(ErrorCode code, std::string why) { return {code, std::move(why), nullptr}; }

bool in_all(Version) { return true; }
bool in_legacy(Version version) { return !is_modern(version); }
bool knows_tasks(Version version) { return has_core_tasks(version) || is_modern(version); }

bool always(const Capabilities&) { return true; }
bool has_tools(const Capabilities& offered) { return !offered.tools.empty(); }
bool has_resources(const Capabilities& offered) {
  return !offered.resources.empty() || !offered.resource_templates.empty();
}
bool has_tasks(const Capabilities& offered) { return offered.tasks.has_value(); }

}  // namespace

const Session::Method* Session::find_method(std::string_view name) {
  static constexpr std::array<Method, 14> kMethods{{
      {"initialize", in_legacy, always, &Session::initialize},
      {"ping", in_legacy, always, &Session::ping},
      {"server/discover", is_modern, always, &Session::discover},
      {"tools/list", in_all, has_tools, &Session::list_tools},
      {"tools/call", in_all, has_tools, &Session::call_tool},
      {"resources/list", in_all, has_resources, &Session::list_resources},
      {"resources/templates/list", in_all, has_resources, &Session::list_resource_templates},
      {"resources/read", in_all, has_resources, &Session::read_resource},
      {"subscriptions/listen", is_modern, always, &Session::listen},
      {"tasks/get", knows_tasks, has_tasks, &Session::get_task},
      {"tasks/result", has_core_tasks, has_tasks, &Session::task_result},
      {"tasks/list", has_core_tasks, has_tasks, &Session::list_tasks},
      {"tasks/update", is_modern, has_tasks, &Session::update_task},
      {"tasks/cancel", knows_tasks, has_tasks, &Session::cancel_task},
  }};
  const auto* const found =
      std::find_if(kMethods.begin(), kMethods.end(), [&](const Method& method) { return method.name == name; });
  return found == kMethods.end() ? nullptr : found;
}

Session::Session(Service& service, const Limits& limits)
    : service_(service),
      limits_(limits),
      lines_(limits.line_bytes),
      tasks_(limits.tasks),
      calls_(service, outbox_, in_flight_, tasks_, limits_) {}

void Session::feed(std::string_view bytes) {
  while (!bytes.empty()) on_line(lines_.take(bytes));
}

void Session::end_of_input() {
  on_line(lines_.finish());
  calls_.cancel_all();
}

void Session::on_line(Lines::Found found) {
  if (found == Lines::Found::nothing) return;
  if (found == Lines::Found::too_long) {
    const std::string most = std::to_string(limits_.line_bytes);
    return outbox_.send(error_response(
        lines_.id_of_too_long(), refusal(ErrorCode::invalid_request, "a message longer than " + most + " bytes")));
  }
  if (lines_.line().find_first_not_of(" \t\r") == std::string::npos) return;
  auto read = read_json(lines_.line());
  if (const auto* why = std::get_if<Refusal>(&read)) {
    IdScanner scanner;
    scanner.read(lines_.line());
    return outbox_.send(error_response(scanner.request_id().value_or(Json()), *why));
  }
  auto& value = std::get<Json>(read);
  if (value.is_array()) return on_batch(value);
  on_message(std::move(value), std::nullopt);
}

void Session::on_batch(const Json& messages) {
  const char* why = nullptr;
  if (!handshake_.begun || !has_batches(handshake_.client.version)) why = "this version of the protocol has no batches";
  if (messages.empty()) why = "an empty batch";
  if (why != nullptr) return outbox_.send(error_response(nullptr, refusal(ErrorCode::invalid_request, why)));
  const std::uint64_t batch = outbox_.open_batch();
  for (const Json& message : messages) on_message(message, batch);
  outbox_.close_batch(batch);
}

void Session::on_message(Json value, Batch batch) {
  Message message = message_of(std::move(value));
  if (auto* request = std::get_if<Request>(&message)) return on_request(std::move(*request), batch);
  if (const auto* notification = std::get_if<Notification>(&message)) return on_notification(*notification);
  if (const auto* malformed = std::get_if<Malformed>(&message))
    outbox_.refuse(outbox_.expect_answer(malformed->id, batch), malformed->refusal);
}

void Session::on_request(Request request, Batch batch) {
  const ReplyTo to = outbox_.expect_answer(request.id, batch);
  Reply reply = reply_to(request, to, batch);
  if (auto* result = std::get_if<Json>(&reply)) outbox_.answer(to, std::move(*result));
  if (const auto* why = std::get_if<Refusal>(&reply)) outbox_.refuse(to, *why);
}

Reply Session::reply_to(Request& request, const ReplyTo& to, Batch batch) {
  if (in_flight_.has(to.id)) return refusal(ErrorCode::invalid_request, "a request with this id is in flight");
  auto understood = understand(request, to);
  if (auto* why = std::get_if<Refusal>(&understood)) return std::move(*why);
  const IncomingRequest& incoming = std::get<IncomingRequest>(understood);
  const bool modern = is_modern(incoming.version());
  const Method* method = find_method(incoming.method);
  if (method == nullptr || !method->is_part_of(incoming.version()) || !method->is_offered(service_.capabilities()))
    return refusal(ErrorCode::method_not_found, "unknown method " + echoed(incoming.method));
  if (batch && (modern || method->answer == &Session::initialize))
    return refusal(ErrorCode::invalid_request, "not in a batch");
  if (in_flight_.size() >= limits_.calls + limits_.tasks)
    return refusal(ErrorCode::internal_error, "too many requests are in flight");
  Reply reply = (this->*method->answer)(incoming);
  if (auto* result = std::get_if<Json>(&reply); result != nullptr && modern)
    complete(*result, service_.capabilities().info);
  return reply;
}

std::variant<IncomingRequest, Refusal> Session::understand(Request& request, const ReplyTo& to) const {
  IncomingRequest incoming{to, std::move(request.method), handshake_.client, std::move(request.params), {}, {}};
  incoming.meta = member(incoming.params, "_meta");
  if (!incoming.meta.is_null() && !incoming.meta.is_object()) return invalid_params("_meta is not an object");
  incoming.progress_token = member(incoming.meta, "progressToken");
  if (!incoming.progress_token.is_null() && !is_id(incoming.progress_token))
    return invalid_params("progressToken is not a string or an integer");
  // server/discover exists in 2026-07-28 only, so a missing version in it is no doubt.
  const bool modern = !member(incoming.meta, kMetaVersion).is_null() || incoming.method == "server/discover";
  if (modern)
    if (auto why = understand_modern(incoming)) return std::move(*why);
  return incoming;
}

void Session::on_notification(const Notification& notification) {
  if (notification.method != "notifications/cancelled") return;
  const Json& id = member(notification.params, "requestId");
  if (!is_id(id)) return;
  const auto awaits = in_flight_.remove(id);
  if (!awaits) return;
  if (const auto* call = std::get_if<CallId>(&*awaits)) calls_.cancel(*call, CancelledBy::client);
  if (const auto* task = std::get_if<AwaitsTask>(&*awaits)) tasks_.stop_waiting(outbox_, task->task, id);
}

// ---- Connection

Connection::Connection(Service& service, Limits limits) : session_(std::make_unique<Session>(service, limits)) {}
Connection::~Connection() = default;

void Connection::feed(std::string_view bytes) { session_->feed(bytes); }
void Connection::end_of_input() { session_->end_of_input(); }
std::string Connection::take_output() { return session_->outbox().take(); }

bool Connection::finish(CallId id, const Answer& answer) { return session_->calls().finish(id, answer); }
void Connection::progress(CallId id, const Progress& progress) { session_->calls().progress(id, progress); }
bool Connection::make_task(CallId id, const std::string& name, const std::string& status_message) {
  return session_->calls().make_task(id, name, status_message);
}

}  // namespace delegate::mcp
