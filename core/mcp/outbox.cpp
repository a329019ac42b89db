#include "core/mcp/outbox.hpp"

#include <algorithm>
#include <utility>

#include "core/mcp/message.hpp"

namespace delegate::mcp {
namespace {

constexpr int kDeepestMessage = 256;

/// Stops at the limit: dumping a deeper value could overflow the stack.
bool is_too_deep(const Json& json, int levels = kDeepestMessage) {
  if (!json.is_structured()) return false;
  return levels == 0 ||
         std::any_of(json.begin(), json.end(), [&](const Json& part) { return is_too_deep(part, levels - 1); });
}

Json instead_of(const Json& message) {
  if (!message.contains("id") || message.contains("method")) return nullptr;
  return error_response(message.at("id"), {ErrorCode::internal_error, "the answer is nested too deep", nullptr});
}

}  // namespace

void Outbox::send(const Json& message) {
  if (is_too_deep(message)) {
    if (const Json other = instead_of(message); !other.is_null()) send(other);
    return;
  }
  bytes_ += dump(message);
  bytes_ += '\n';
}

void Outbox::answer(const ReplyTo& to, Json result) { deliver(to, response(to.id, std::move(result))); }

void Outbox::refuse(const ReplyTo& to, const Refusal& refusal) { deliver(to, error_response(to.id, refusal)); }

void Outbox::leave(const ReplyTo& to) {
  if (to.batch) settle(*to.batch);
}

std::uint64_t Outbox::open_batch() {
  batches_[++last_batch_];
  return last_batch_;
}

ReplyTo Outbox::expect_answer(Json id, std::optional<std::uint64_t> batch) {
  if (batch) ++batches_.at(*batch).awaited;
  return {std::move(id), batch};
}

void Outbox::close_batch(std::uint64_t batch) { settle(batch); }

std::string Outbox::take() { return std::exchange(bytes_, {}); }

void Outbox::deliver(const ReplyTo& to, Json message) {
  if (!to.batch) return send(message);
  if (is_too_deep(message, kDeepestMessage - 1)) message = instead_of(message);  // the array is a level too
  batches_.at(*to.batch).answers.push_back(std::move(message));
  settle(*to.batch);
}

void Outbox::settle(std::uint64_t batch) {
  const auto found = batches_.find(batch);
  if (--found->second.awaited > 0) return;
  if (!found->second.answers.empty()) send(found->second.answers);
  batches_.erase(found);
}

}  // namespace delegate::mcp
