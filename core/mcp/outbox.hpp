#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/mcp/json.hpp"
#include "core/mcp/message.hpp"

namespace delegate::mcp {

/// Where the answer to a request goes: the id of the request, and its batch, if any.
struct ReplyTo {
  Json id;
  std::optional<std::uint64_t> batch;
};

/// Messages to be written, one a line. The answers to a batch are sent as one array once all of them are there.
class Outbox {
 public:
  void send(const Json& message);
  void answer(const ReplyTo& to, Json result);
  void refuse(const ReplyTo& to, const Refusal& refusal);
  /// There will be no answer.
  void leave(const ReplyTo& to);

  /// Until the batch is closed, its requests are announced by `expect_answer`.
  std::uint64_t open_batch();
  ReplyTo expect_answer(Json id, std::optional<std::uint64_t> batch);
  void close_batch(std::uint64_t batch);

  std::string take();

 private:
  struct Batch {
    Json answers = Json::array();
    std::size_t awaited = 1;  // itself, until it is closed
  };
  void deliver(const ReplyTo& to, Json message);
  void settle(std::uint64_t batch);

  std::string bytes_;
  std::map<std::uint64_t, Batch> batches_;
  std::uint64_t last_batch_ = 0;
};

}  // namespace delegate::mcp
