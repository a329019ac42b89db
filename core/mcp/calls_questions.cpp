#include <utility>

#include "core/mcp/calls.hpp"

// Questions to a client with a handshake during a call. (A client of 2026-07-28 gets the questions as a result and
// repeats the call.)
namespace delegate::mcp {

std::string capability_for(const std::string& method) {
  if (method == "elicitation/create") return "elicitation";
  if (method == "sampling/createMessage") return "sampling";
  return method == "roots/list" ? "roots" : "";
}

bool Calls::ask_the_client(CallId id, const InputRequired& input) {
  const Pending& asking = calls_.at(id);
  const Client& client = asking.call.client;
  if (is_modern(client.version) || input.requests.empty() || std::holds_alternative<CompletionQuery>(asking.subject))
    return false;
  for (const auto& [key, question] : input.requests)
    if (const std::string needed = capability_for(question.method);
        needed.empty() || !client.capabilities.contains(needed))
      return false;
  // Once all answers are there, it is a new call for the application.
  auto node = calls_.extract(id);
  const CallId next{++last_call_};
  node.key() = next;
  Pending& pending = calls_.insert(std::move(node)).position->second;
  pending.call.id = next;
  pending.call.input_responses = Json::object();
  pending.call.request_state = input.state;
  if (pending.task.empty()) {
    in_flight_.add(pending.to.id, next);
  } else {
    tasks_.follow(pending.task, next);
    tasks_.move(*service_.capabilities().tasks, pending.task, Tasks::Status::input_required);
  }
  for (const auto& [key, question] : input.requests) {
    const std::int64_t number = ++last_question_;
    questions_[number] = {next, key, question.method};
    pending.questions[key] = number;
    Json params = question.params;
    if (!pending.task.empty()) params["_meta"].update(related_task(pending.task));
    outbox_.send(request(number, question.method, std::move(params)));
  }
  return true;
}

void Calls::hear(const Response& response) {
  if (!response.id.is_number_integer()) return;
  const auto found = questions_.find(response.id.get<std::int64_t>());
  if (found == questions_.end()) return;
  const Question question = std::move(found->second);
  questions_.erase(found);
  Pending& pending = calls_.at(question.call);
  pending.questions.erase(question.key);
  if (!response.result || !response.result->is_object()) {
    auto node = calls_.extract(question.call);
    withdraw_questions(node.mapped());
    const std::string why = "the client refused " + question.method + ": " + response.error;
    if (std::holds_alternative<ToolCall>(node.mapped().subject))
      return conclude(node.mapped(), ToolResult{{Text{why}}, std::nullopt, true, nullptr});
    return conclude(node.mapped(), Failure{Failure::Reason::internal, why, nullptr});
  }
  pending.call.input_responses[question.key] = *response.result;
  if (!pending.questions.empty()) return;
  if (!pending.task.empty()) tasks_.move(*service_.capabilities().tasks, pending.task, Tasks::Status::working);
  hand_over(question.call);
}

void Calls::withdraw_questions(const Pending& pending) {
  for (const auto& [key, number] : pending.questions) {
    questions_.erase(number);
    outbox_.send(notification("notifications/cancelled", {{"requestId", number}}));
  }
}

}  // namespace delegate::mcp
