#pragma once
#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "core/mcp/connection.hpp"
#include "core/mcp/outbox.hpp"

namespace delegate::mcp {

/// Subscriptions of the client: resources (`resources/subscribe`) and the streams of 2026-07-28.
class Subscriptions {
 public:
  explicit Subscriptions(std::size_t most) : most_(most) {}

  /// False: there are too many, or the URI is too long.
  bool subscribe(const std::string& uri);
  void unsubscribe(const std::string& uri) { resources_.erase(uri); }

  /// Opens the stream of request `id` for the wanted notifications that the server has. Returns these; null if there
  /// are too many streams or resources.
  Json listen(const Json& id, const Json& wanted, const Capabilities& offered);
  void stop(const Json& id);

  void resource_updated(Outbox& outbox, const std::string& uri) const;
  /// `for_all`: also without a subscription, as in versions with a handshake.
  void list_changed(Outbox& outbox, List list, bool for_all) const;

 private:
  struct Stream {
    Json id;
    std::set<List> lists;
    std::set<std::string> resources;
  };
  std::size_t most_;
  std::set<std::string> resources_;
  std::map<std::string, Stream> streams_;
};

}  // namespace delegate::mcp
