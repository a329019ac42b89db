#include "core/mcp/tasks.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <utility>

#include "core/mcp/wire.hpp"

namespace delegate::mcp {
namespace {

constexpr std::array<std::string_view, 4> kStatusNames{"working", "completed", "failed", "cancelled"};

bool is_end(Tasks::Status status) { return status >= Tasks::Status::completed; }

/// As in RFC 3339, with milliseconds, in UTC.
std::string written(std::chrono::system_clock::time_point moment) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(moment.time_since_epoch());
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(since).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(since.count() - seconds * 1000));
  return std::string(text.data(), size) + fraction.data();
}

}  // namespace

bool Tasks::create(const TaskKeeping& keeping, const std::string& name, CallId call,
                   std::optional<std::chrono::milliseconds> keep_for) {
  expire(keeping);
  if (tasks_.size() >= most_ || has(name)) return false;
  const Moment now = keeping.now();
  Task task;
  task.number = ++last_number_;
  task.call = call;
  task.begun = task.changed = now;
  task.keep_for = std::min(keep_for.value_or(keeping.keep_for), keeping.keep_at_most);
  tasks_[name] = std::move(task);
  return true;
}

bool Tasks::is_over(const std::string& name) const { return is_end(tasks_.at(name).status); }

void Tasks::move(const TaskKeeping& keeping, const std::string& name, Status status, std::string message) {
  Task& task = tasks_.at(name);
  task.status = status;
  task.message = std::move(message);
  task.changed = keeping.now();
}

std::vector<ReplyTo> Tasks::settle(const TaskKeeping& keeping, const std::string& name, Status status,
                                   Outcome outcome) {
  const auto* refusal = std::get_if<Refusal>(&outcome);
  move(keeping, name, status, refusal == nullptr ? std::string() : refusal->message);
  Task& task = tasks_.at(name);
  task.outcome = std::move(outcome);
  return std::exchange(task.waiting, {});
}

void Tasks::stop_waiting(Outbox& outbox, const std::string& name, const Json& id) {
  const auto task = tasks_.find(name);
  if (task == tasks_.end()) return;
  auto& waiting = task->second.waiting;
  const auto to = std::find_if(waiting.begin(), waiting.end(), [&](const ReplyTo& one) { return one.id == id; });
  if (to == waiting.end()) return;
  outbox.leave(*to);
  waiting.erase(to);
}

Json Tasks::describe(const TaskKeeping& keeping, const std::string& name, Version version) const {
  const bool modern = is_modern(version);
  const Task& task = tasks_.at(name);
  Json json{{"taskId", name}, {"status", kStatusNames.at(static_cast<std::size_t>(task.status))}};
  if (!task.message.empty()) json["statusMessage"] = task.message;
  json["createdAt"] = written(task.begun);
  json["lastUpdatedAt"] = written(task.changed);
  json[modern ? "ttlMs" : "ttl"] = task.keep_for.count();
  json[modern ? "pollIntervalMs" : "pollInterval"] = keeping.poll_interval.count();
  if (!modern) return json;
  if (task.status != Status::completed && task.status != Status::failed) return json;
  if (const auto* refusal = std::get_if<Refusal>(&task.outcome)) {
    json["error"] = error_object(*refusal);
    return json;
  }
  // The error of a tool, which fails a task of 2025-11-25, is a result.
  json["status"] = kStatusNames.at(static_cast<std::size_t>(Status::completed));
  json["result"] = std::get<Json>(task.outcome);
  return json;
}

std::vector<std::string> Tasks::names() const {
  std::vector<std::pair<std::size_t, std::string>> ordered;
  for (const auto& [name, task] : tasks_) ordered.emplace_back(task.number, name);
  std::sort(ordered.begin(), ordered.end());
  std::vector<std::string> names;
  for (auto& [number, name] : ordered) names.push_back(std::move(name));
  return names;
}

void Tasks::expire(const TaskKeeping& keeping) {
  const Moment now = keeping.now();
  for (auto task = tasks_.begin(); task != tasks_.end();)
    task = is_end(task->second.status) && now - task->second.begun >= task->second.keep_for ? tasks_.erase(task)
                                                                                            : std::next(task);
}

Json related_task(const std::string& name) { return {{kMetaTask, {{"taskId", name}}}}; }

}  // namespace delegate::mcp
