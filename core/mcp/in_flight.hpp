#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/mcp/connection.hpp"
#include "core/mcp/outbox.hpp"

namespace delegate::mcp {

/// A request whose common parts are parsed.
struct IncomingRequest {
  ReplyTo to;
  std::string method;
  Client client;  // with the version of the request
  Json params;
  Json meta;            // null: none
  Json progress_token;  // null: no progress is wanted

  Version version() const { return client.version; }
};

/// The answer follows when the call is finished.
struct Later {};
using Reply = std::variant<Json, Refusal, Later>;

inline Refusal invalid_params(std::string why) { return {ErrorCode::invalid_params, std::move(why), nullptr}; }

/// What a request without an answer waits for.
struct AwaitsTask {
  std::string task;
};
struct Listens {};
using Awaits = std::variant<CallId, AwaitsTask, Listens>;

/// The requests without an answer, by id.
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
