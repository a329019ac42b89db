#pragma once
#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "core/mcp/connection.hpp"
#include "core/mcp/outbox.hpp"

namespace delegate::mcp {

/// Who wants to hear of what: single resources, since `resources/subscribe`, and the streams of 2026-07-28.
class Subscriptions {
 public:
  explicit Subscriptions(std::size_t most) : most_(most) {}

  /// False: there are as many as may be, or this one is too long for a name.
  bool subscribe(const std::string& uri);
  void unsubscribe(const std::string& uri) { resources_.erase(uri); }

  /// Opens the stream of request `id`, of those of the wanted notifications that are offered. Returns these; null when
  /// there are as many streams as may be, or as many resources.
  Json listen(const Json& id, const Json& wanted, const Offer& offer);
  void stop(const Json& id);

  void resource_updated(Outbox& outbox, const std::string& uri) const;
  /// `for_all`: somebody listens who did not have to say so.
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
