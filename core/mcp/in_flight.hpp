#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/mcp/message.hpp"
#include "core/mcp/service.hpp"

namespace delegate::mcp {

/// What a request without an answer waits for.
struct AwaitsTask {
  std::string task;
};
struct Listens {};
using Awaits = std::variant<CallId, AwaitsTask, Listens>;

/// The requests that have no answer yet, by their ids.
class InFlight {
 public:
  bool has(const Json& id) const { return awaiting_.count(key_of(id)) != 0; }
  void add(const Json& id, Awaits awaits) { awaiting_[key_of(id)] = std::move(awaits); }
  std::optional<Awaits> remove(const Json& id) {
    const auto node = awaiting_.extract(key_of(id));
    return node ? std::optional(std::move(node.mapped())) : std::nullopt;
  }
  std::size_t size() const { return awaiting_.size(); }

 private:
  std::map<std::string, Awaits> awaiting_;
};

}  // namespace delegate::mcp
