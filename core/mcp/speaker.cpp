#include "core/mcp/speaker.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/mcp/reader.hpp"
#include "core/mcp/wire.hpp"

// From bytes to methods.
namespace delegate::mcp {
namespace {

Refusal refusal(ErrorCode code, std::string why) { return {code, std::move(why), nullptr}; }

bool in_all(Version) { return true; }
bool in_legacy(Version version) { return !is_modern(version); }

bool always(const Offer&) { return true; }
bool has_tools(const Offer& offer) { return !offer.tools.empty(); }
bool has_resources(const Offer& offer) { return !offer.resources.empty() || !offer.resource_templates.empty(); }
bool has_prompts(const Offer& offer) { return !offer.prompts.empty(); }
bool has_completions(const Offer& offer) { return offer.completions; }
bool has_logging(const Offer& offer) { return offer.logging; }
bool has_subscriptions(const Offer& offer) { return has_resources(offer) && offer.resource_subscriptions; }
bool has_news(const Offer& offer) { return offer.list_changes || has_subscriptions(offer); }
bool has_tasks(const Offer& offer) { return offer.tasks.has_value(); }

}  // namespace

const Speaker::Method* Speaker::find_method(std::string_view name) {
  static constexpr std::array<Method, 19> kMethods{{
      {"initialize", in_legacy, always, &Speaker::initialize},
      {"ping", in_legacy, always, &Speaker::ping},
      {"server/discover", is_modern, always, &Speaker::discover},
      {"tools/list", in_all, has_tools, &Speaker::list_tools},
      {"tools/call", in_all, has_tools, &Speaker::call_tool},
      {"resources/list", in_all, has_resources, &Speaker::list_resources},
      {"resources/templates/list", in_all, has_resources, &Speaker::list_resource_templates},
      {"resources/read", in_all, has_resources, &Speaker::read_resource},
      {"resources/subscribe", in_legacy, has_subscriptions, &Speaker::subscribe},
      {"resources/unsubscribe", in_legacy, has_subscriptions, &Speaker::unsubscribe},
      {"prompts/list", in_all, has_prompts, &Speaker::list_prompts},
      {"prompts/get", in_all, has_prompts, &Speaker::get_prompt},
      {"completion/complete", in_all, has_completions, &Speaker::complete_argument},
      {"logging/setLevel", in_legacy, has_logging, &Speaker::set_level},
      {"subscriptions/listen", is_modern, has_news, &Speaker::listen},
      {"tasks/get", has_core_tasks, has_tasks, &Speaker::get_task},
      {"tasks/result", has_core_tasks, has_tasks, &Speaker::task_result},
      {"tasks/list", has_core_tasks, has_tasks, &Speaker::list_tasks},
      {"tasks/cancel", has_core_tasks, has_tasks, &Speaker::cancel_task},
  }};
  const auto* const found =
      std::find_if(kMethods.begin(), kMethods.end(), [&](const Method& method) { return method.name == name; });
  return found == kMethods.end() ? nullptr : found;
}

Speaker::Speaker(Service& service, const Limits& limits)
    : service_(service),
      limits_(limits),
      lines_(limits.line_bytes),
      tasks_(limits.tasks),
      calls_(service, outbox_, in_flight_, tasks_, limits_),
      subscriptions_(limits.subscriptions) {}

void Speaker::feed(std::string_view bytes) {
  while (!bytes.empty()) on_line(lines_.take(bytes));
}

void Speaker::end_of_input() {
  on_line(lines_.finish());
  calls_.cancel_all();
}

void Speaker::on_line(Lines::Found found) {
  if (found == Lines::Found::nothing) return;
  if (found == Lines::Found::too_long) {
    const std::string most = std::to_string(limits_.line_bytes);
    return outbox_.send(
        error_response(nullptr, refusal(ErrorCode::invalid_request, "a message longer than " + most + " bytes")));
  }
  if (lines_.line().find_first_not_of(" \t\r") == std::string::npos) return;
  auto read = read_json(lines_.line());
  if (const auto* why = std::get_if<Refusal>(&read)) return outbox_.send(error_response(nullptr, *why));
  auto& value = std::get<Json>(read);
  if (value.is_array()) return on_batch(value);
  on_message(std::move(value), std::nullopt);
}

void Speaker::on_batch(const Json& messages) {
  const char* why = nullptr;
  if (!session_.begun || !has_batches(session_.client.version)) why = "this version of the protocol has no batches";
  if (messages.empty()) why = "an empty batch";
  if (why != nullptr) return outbox_.send(error_response(nullptr, refusal(ErrorCode::invalid_request, why)));
  const std::uint64_t batch = outbox_.open_batch();
  for (const Json& message : messages) on_message(message, batch);
  outbox_.close_batch(batch);
}

void Speaker::on_message(Json value, Batch batch) {
  Message message = message_of(std::move(value));
  if (auto* request = std::get_if<Request>(&message)) return on_request(std::move(*request), batch);
  if (const auto* notification = std::get_if<Notification>(&message)) return on_notification(*notification);
  if (const auto* response = std::get_if<Response>(&message)) return calls_.hear(*response);
  if (const auto* malformed = std::get_if<Malformed>(&message))
    outbox_.refuse(outbox_.take_seat(malformed->id, batch), malformed->refusal);
}

void Speaker::on_request(Request request, Batch batch) {
  const Seat seat = outbox_.take_seat(request.id, batch);
  Reply reply = reply_to(request, seat, batch);
  if (auto* result = std::get_if<Json>(&reply)) outbox_.answer(seat, std::move(*result));
  if (const auto* why = std::get_if<Refusal>(&reply)) outbox_.refuse(seat, *why);
}

Reply Speaker::reply_to(Request& request, const Seat& seat, Batch batch) {
  if (in_flight_.has(seat.id)) return refusal(ErrorCode::invalid_request, "a request with this id is in flight");
  auto understood = understand(request, seat);
  if (auto* why = std::get_if<Refusal>(&understood)) return std::move(*why);
  const Asked& asked = std::get<Asked>(understood);
  const bool modern = is_modern(asked.version());
  const Method* method = find_method(asked.method);
  if (method == nullptr || !method->is_part_of(asked.version()) || !method->is_offered(service_.offer()))
    return refusal(ErrorCode::method_not_found, "there is no method " + echoed(asked.method));
  if (batch && (modern || method->answer == &Speaker::initialize))
    return refusal(ErrorCode::invalid_request, "not in a batch");
  if (in_flight_.size() >= limits_.calls + limits_.subscriptions)
    return refusal(ErrorCode::internal_error, "too many requests are in flight");
  Reply reply = (this->*method->answer)(asked);
  if (auto* result = std::get_if<Json>(&reply); result != nullptr && modern) complete(*result, service_.offer().info);
  return reply;
}

std::variant<Asked, Refusal> Speaker::understand(Request& request, const Seat& seat) const {
  Asked asked{seat, std::move(request.method), session_.client, std::move(request.params), nullptr, nullptr, {}};
  asked.meta = member(asked.params, "_meta");
  if (!asked.meta.is_null() && !asked.meta.is_object()) return invalid_params("_meta is not an object");
  asked.progress_token = member(asked.meta, "progressToken");
  if (!asked.progress_token.is_null() && !is_id(asked.progress_token))
    return invalid_params("progressToken is not a string or an integer");
  // The probe of 2026-07-28 is of that version even when it forgets to say so.
  const bool modern = !member(asked.meta, kMetaVersion).is_null() || asked.method == "server/discover";
  if (modern)
    if (auto why = understand_modern(asked)) return std::move(*why);
  return asked;
}

void Speaker::on_notification(const Notification& notification) {
  if (notification.method != "notifications/cancelled") return;
  const Json& id = member(notification.params, "requestId");
  if (!is_id(id)) return;
  const auto awaits = in_flight_.remove(id);
  if (!awaits) return;
  if (const auto* call = std::get_if<CallId>(&*awaits)) calls_.cancel(*call);
  if (const auto* task = std::get_if<AwaitsTask>(&*awaits)) tasks_.stop_waiting(outbox_, task->task, id);
  if (std::holds_alternative<Listens>(*awaits)) subscriptions_.stop(id);
}

}  // namespace delegate::mcp
