#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/mcp/errors.hpp"
#include "core/mcp/json.hpp"

namespace delegate::mcp {

/// Where the answer to a request goes: its id, and the batch that it came in, if any.
struct Seat {
  Json id;
  std::optional<std::uint64_t> batch;
};

/// What is to be written, a message a line. The answers to a batch wait until all of them are there, and are one array.
class Outbox {
 public:
  void send(const Json& message);
  void answer(const Seat& seat, Json result);
  void refuse(const Seat& seat, const Refusal& refusal);
  /// There will be no answer.
  void leave(const Seat& seat);

  /// A batch comes in; requests of it take seats until it is closed.
  std::uint64_t open_batch();
  Seat take_seat(Json id, std::optional<std::uint64_t> batch);
  void close_batch(std::uint64_t batch);

  std::string take();

 private:
  struct Batch {
    Json answers = Json::array();
    std::size_t awaited = 1;  // itself, until it is closed
  };
  void deliver(const Seat& seat, Json message);
  void settle(std::uint64_t batch);

  std::string bytes_;
  std::map<std::uint64_t, Batch> batches_;
  std::uint64_t last_batch_ = 0;
};

}  // namespace delegate::mcp
