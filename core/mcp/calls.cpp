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
};

Refusal internal(std::string why) { return {ErrorCode::internal_error, std::move(why), nullptr}; }

/// The answer as a result; an error if it does not fit the kind of call.
struct ResultWriter {
  const Subject& subject;
  Version version;

  Outcome operator()(const ToolResult& result) const { return fitting<ToolCall>(wire(result, version)); }
  Outcome operator()(const ResourceResult& result) const { return fitting<ResourceRead>(wire(result, version)); }
  Outcome operator()(const Failure& failure) const { return wire(failure, version); }

 private:
  template <class Wanted>
  Outcome fitting(Json result) const {
    if (std::holds_alternative<Wanted>(subject)) return result;
    return internal("the server's answer does not fit the question");
  }
};

}  // namespace

CallId Calls::admit(const IncomingRequest& incoming, Subject subject) {
  const CallId id{++last_call_};
  calls_.emplace(id, Pending{.to = incoming.to,
                             .subject = std::move(subject),
                             .call = {id, incoming.client, !incoming.progress_token.is_null()},
                             .progress_token = incoming.progress_token,
                             .task = {}});
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
  const std::string name = keeping.new_id();
  if (!tasks_.create(keeping, name, id, keep_for)) {
    calls_.erase(id);
    return internal("there are " + std::to_string(limits_.tasks) + " tasks already; wait until some end");
  }
  calls_.at(id).task = name;
  // Sent before the application starts, which may finish the call at once.
  outbox_.answer(incoming.to, {{"task", tasks_.describe(keeping, name, incoming.version())}});
  hand_over(id);
  return Later{};
}

bool Calls::make_task(CallId id, const std::string& name, const std::string& status_message) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return false;
  Pending& pending = found->second;
  if (!pending.task.empty()) return true;
  const auto* tool = std::get_if<ToolCall>(&pending.subject);
  if (tool == nullptr || !tool->may_be_task || !has_task_extension(pending.call.client)) return false;
  const TaskKeeping& keeping = *service_.capabilities().tasks;
  // A client may give up a task whose time is over, so it gets the longest.
  if (!tasks_.create(keeping, name, id, keeping.keep_at_most)) return false;
  tasks_.move(keeping, name, Tasks::Status::working, status_message);
  pending.task = name;
  Json handle = tasks_.describe(keeping, name, pending.call.client.version);
  handle["resultType"] = "task";
  complete(handle, service_.capabilities().info);
  in_flight_.remove(pending.to.id);
  outbox_.answer(pending.to, std::move(handle));
  return true;
}

void Calls::hand_over(CallId id) {
  // Copies: the application may finish the call, which deletes it, before this returns.
  const Call call = calls_.at(id).call;
  const Subject subject = calls_.at(id).subject;
  std::visit(HandOver{service_, call}, subject);
}

bool Calls::finish(CallId id, const Answer& given) {
  const auto node = calls_.extract(id);
  if (!node) return false;
  const Pending& pending = node.mapped();
  const Version version = pending.call.client.version;
  Outcome outcome = std::visit(ResultWriter{pending.subject, version}, given);
  if (auto* result = std::get_if<Json>(&outcome); result != nullptr && is_modern(version))
    complete(*result, service_.capabilities().info);
  if (!pending.task.empty()) {
    settle_task(pending, std::move(outcome));
    return true;
  }
  in_flight_.remove(pending.to.id);
  answer(pending.to, outcome);
  return true;
}

void Calls::settle_task(const Pending& pending, Outcome outcome) {
  const bool modern = is_modern(pending.call.client.version);
  auto* result = std::get_if<Json>(&outcome);
  if (result != nullptr && !modern) (*result)["_meta"].update(related_task(pending.task));
  // In the extension, the error of a tool is a result as any other.
  const bool failed = result == nullptr || (!modern && result->value("isError", false));
  settle_task(pending, failed ? Tasks::Status::failed : Tasks::Status::completed, outcome);
}

void Calls::settle_task(const Pending& pending, Tasks::Status status, const Outcome& outcome) {
  for (const ReplyTo& to : tasks_.settle(*service_.capabilities().tasks, pending.task, status, outcome)) {
    in_flight_.remove(to.id);
    answer(to, outcome);
  }
}

void Calls::answer(const ReplyTo& to, const Outcome& outcome) {
  if (const auto* result = std::get_if<Json>(&outcome)) outbox_.answer(to, *result);
  else outbox_.refuse(to, std::get<Refusal>(outcome));
}

void Calls::cancel(CallId id, CancelledBy by) {
  const auto node = calls_.extract(id);
  if (!node) return;
  const Pending& pending = node.mapped();
  if (pending.task.empty()) {
    in_flight_.remove(pending.to.id);
    outbox_.leave(pending.to);
  } else {
    Json result = wire(ToolResult{{Text{"The task was cancelled."}}, {}, true}, pending.call.client.version);
    result["_meta"] = related_task(pending.task);
    settle_task(pending, Tasks::Status::cancelled, std::move(result));
  }
  service_.cancelled(id, by);
}

void Calls::cancel_all() {
  while (!calls_.empty()) cancel(calls_.begin()->first, CancelledBy::end_of_input);
}

void Calls::progress(CallId id, const Progress& progress) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  Pending& pending = found->second;
  const Version version = pending.call.client.version;
  if (!pending.task.empty()) {
    tasks_.move(*service_.capabilities().tasks, pending.task, Tasks::Status::working, progress.message);
    if (is_modern(version)) return;  // the extension has no progress of tasks
  }
  if (pending.progress_token.is_null() || (pending.has_progress && progress.done <= pending.progress)) return;
  pending.progress = progress.done;
  pending.has_progress = true;
  Json params{{"progressToken", pending.progress_token}, {"progress", progress.done}};
  if (progress.total) params["total"] = *progress.total;
  if (!progress.message.empty() && has_annotations(version)) params["message"] = progress.message;
  if (!pending.task.empty()) params["_meta"] = related_task(pending.task);
  outbox_.send(notification("notifications/progress", std::move(params)));
}

}  // namespace delegate::mcp
