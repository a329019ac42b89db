#include "core/mcp/calls.hpp"

#include <utility>

#include "core/mcp/wire.hpp"

namespace delegate::mcp {
namespace {

struct HandOver {
  Service& service;
  const Call& call;
  void operator()(const ToolCall& tool) const { service.call_tool(call, tool.name, tool.arguments); }
  void operator()(const ResourceRead& read) const { service.read_resource(call, read.uri); }
  void operator()(const PromptCall& prompt) const { service.get_prompt(call, prompt.name, prompt.arguments); }
  void operator()(const CompletionQuery& query) const { service.complete(call, query); }
};

Refusal internal(std::string why) { return {ErrorCode::internal_error, std::move(why), nullptr}; }

/// The answer as a result; an error if it does not fit the kind of call.
struct ResultWriter {
  const Subject& subject;
  Version version;

  Outcome operator()(const ToolResult& result) const { return fitting<ToolCall>(wire(result, version)); }
  Outcome operator()(const ResourceResult& result) const { return fitting<ResourceRead>(wire(result, version)); }
  Outcome operator()(const PromptResult& result) const { return fitting<PromptCall>(wire(result, version)); }
  Outcome operator()(const CompletionResult& result) const { return fitting<CompletionQuery>(wire(result)); }
  Outcome operator()(const InputRequired& result) const {
    if (!is_modern(version) || std::holds_alternative<CompletionQuery>(subject)) return misfit();
    return wire(result);
  }
  Outcome operator()(const Failure& failure) const { return wire(failure, version); }

 private:
  template <class Wanted>
  Outcome fitting(Json result) const {
    return std::holds_alternative<Wanted>(subject) ? Outcome{std::move(result)} : misfit();
  }
  static Outcome misfit() { return internal("the server's answer does not fit the question"); }
};

}  // namespace

CallId Calls::admit(const IncomingRequest& incoming, Subject subject) {
  const CallId id{++last_call_};
  Pending pending{incoming.to, std::move(subject), {}, incoming.progress_token, 0, false, incoming.log_level, {}, {}};
  pending.call.id = id;
  pending.call.client = incoming.client;
  pending.call.wants_progress = !incoming.progress_token.is_null();
  pending.call.meta = incoming.meta;
  if (is_modern(incoming.version())) {
    pending.call.input_responses = member(incoming.params, "inputResponses");
    pending.call.request_state = text_member(incoming.params, "requestState");
  }
  calls_.emplace(id, std::move(pending));
  return id;
}

Reply Calls::start(const IncomingRequest& incoming, Subject subject) {
  if (calls_.size() >= limits_.calls)
    return internal("already busy with " + std::to_string(limits_.calls) + " calls; try again when one has ended");
  const CallId id = admit(incoming, std::move(subject));
  in_flight_.add(incoming.to.id, id);
  hand_over(id);
  return Later{};
}

Reply Calls::start_task(const IncomingRequest& incoming, Subject subject,
                        std::optional<std::chrono::milliseconds> keep_for) {
  const TaskKeeping& keeping = *service_.capabilities().tasks;
  if (calls_.size() >= limits_.calls) return internal("too many calls");
  const CallId id = admit(incoming, std::move(subject));
  const auto name = tasks_.create(keeping, id, keep_for);
  if (!name) {
    calls_.erase(id);
    return internal("there are " + std::to_string(limits_.tasks) + " tasks already; wait until some end");
  }
  calls_.at(id).task = *name;
  // Sent before the application starts, which may finish the call at once.
  outbox_.answer(incoming.to, {{"task", tasks_.describe(keeping, *name)}});
  hand_over(id);
  return Later{};
}

void Calls::hand_over(CallId id) {
  // Copies: the application may finish the call, which deletes it, before this returns.
  const Call call = calls_.at(id).call;
  const Subject subject = calls_.at(id).subject;
  std::visit(HandOver{service_, call}, subject);
}

bool Calls::finish(CallId id, const Answer& answer) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || !found->second.questions.empty()) return false;
  if (const auto* input = std::get_if<InputRequired>(&answer))
    if (ask_the_client(id, *input)) return true;
  auto node = calls_.extract(id);
  conclude(node.mapped(), answer);
  return true;
}

void Calls::conclude(const Pending& pending, const Answer& given) {
  Outcome outcome = outcome_of(pending, given);
  if (auto* result = std::get_if<Json>(&outcome); result != nullptr && is_modern(pending.call.client.version))
    complete(*result, service_.capabilities().info);
  if (!pending.task.empty()) return settle_task(pending, std::move(outcome));
  in_flight_.remove(pending.to.id);
  answer(pending.to, outcome);
}

Outcome Calls::outcome_of(const Pending& pending, const Answer& given) const {
  const Version version = pending.call.client.version;
  const auto* input = std::get_if<InputRequired>(&given);
  if (input == nullptr) return std::visit(ResultWriter{pending.subject, version}, given);
  for (const auto& [key, question] : input->requests) {
    const std::string needed = capability_for(question.method);
    if (needed.empty()) return internal("the server asks for what no client can do: " + question.method);
    if (pending.call.client.capabilities.contains(needed)) continue;
    const std::string why = "this needs a client that can do " + question.method;
    if (!is_modern(version) && std::holds_alternative<ToolCall>(pending.subject))
      return wire(ToolResult{{Text{why}}, std::nullopt, true, nullptr}, version);
    return wire(Failure{Failure::Reason::missing_capability, why, {{needed, Json::object()}}}, version);
  }
  return ResultWriter{pending.subject, version}(*input);
}

void Calls::settle_task(const Pending& pending, Outcome outcome) {
  auto* result = std::get_if<Json>(&outcome);
  const bool failed = result == nullptr || result->value("isError", false);
  if (result != nullptr) (*result)["_meta"].update(related_task(pending.task));
  const auto status = failed ? Tasks::Status::failed : Tasks::Status::completed;
  const auto waiting = tasks_.settle(*service_.capabilities().tasks, pending.task, status, outcome);
  for (const ReplyTo& to : waiting) {
    in_flight_.remove(to.id);
    answer(to, outcome);
  }
}

void Calls::answer(const ReplyTo& to, const Outcome& outcome) {
  if (const auto* result = std::get_if<Json>(&outcome)) outbox_.answer(to, *result);
  else outbox_.refuse(to, std::get<Refusal>(outcome));
}

void Calls::cancel(CallId id) {
  auto node = calls_.extract(id);
  if (!node) return;
  const Pending pending = std::move(node.mapped());
  withdraw_questions(pending);
  if (pending.task.empty()) {
    in_flight_.remove(pending.to.id);
    outbox_.leave(pending.to);
  } else {
    const ToolResult result{{Text{"The task was cancelled."}}, std::nullopt, true, related_task(pending.task)};
    const Outcome outcome = wire(result, pending.call.client.version);
    const auto waiting = tasks_.settle(*service_.capabilities().tasks, pending.task, Tasks::Status::cancelled, outcome);
    for (const ReplyTo& to : waiting) {
      in_flight_.remove(to.id);
      answer(to, outcome);
    }
  }
  // While questions to the client are open, the application is not working on the call.
  if (pending.questions.empty()) service_.cancelled(id);
}

void Calls::cancel_all() {
  while (!calls_.empty()) cancel(calls_.begin()->first);
}

void Calls::progress(CallId id, const Progress& progress) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  Pending& pending = found->second;
  if (pending.progress_token.is_null() || (pending.has_progress && progress.done <= pending.progress)) return;
  pending.progress = progress.done;
  pending.has_progress = true;
  Json params{{"progressToken", pending.progress_token}, {"progress", progress.done}};
  if (progress.total) params["total"] = *progress.total;
  if (!progress.message.empty() && has_annotations(pending.call.client.version)) params["message"] = progress.message;
  if (!pending.task.empty()) params["_meta"] = related_task(pending.task);
  outbox_.send(notification("notifications/progress", std::move(params)));
}

void Calls::log(CallId id, LogLevel level, Json params, LogLevel session_level) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const Pending& pending = found->second;
  const bool modern = is_modern(pending.call.client.version);
  if (modern && !pending.log_level) return;
  if (level < (modern ? *pending.log_level : session_level)) return;
  if (!pending.task.empty()) params["_meta"] = related_task(pending.task);
  outbox_.send(notification("notifications/message", std::move(params)));
}

}  // namespace delegate::mcp
