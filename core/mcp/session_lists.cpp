#include <utility>

#include "core/mcp/session.hpp"
#include "core/mcp/wire.hpp"

// Lists, which never change.
namespace delegate::mcp {

/// All items are on one page, so no cursor is valid.
template <class Item>
Reply Session::listed(const IncomingRequest& incoming, const char* key, const std::vector<Item>& items) const {
  if (!member(incoming.params, "cursor").is_null()) return invalid_params("unknown cursor");
  const Version version = incoming.version();
  Json result{{key, Json::array()}};
  for (const Item& item : items) {
    if constexpr (std::is_same_v<Item, Tool>)
      result[key].push_back(wire(item, version, has_core_tasks(version) && service_.capabilities().tasks.has_value()));
    else result[key].push_back(wire(item, version));
  }
  if (is_modern(version)) mark_stale(result, false);
  return result;
}

Reply Session::list_tools(const IncomingRequest& incoming) {
  return listed(incoming, "tools", service_.capabilities().tools);
}
Reply Session::list_resources(const IncomingRequest& incoming) {
  return listed(incoming, "resources", service_.capabilities().resources);
}
Reply Session::list_resource_templates(const IncomingRequest& incoming) {
  return listed(incoming, "resourceTemplates", service_.capabilities().resource_templates);
}

/// Opens a stream, as 2026-07-28 requires of every server, and grants nothing on it: there are no notifications to
/// send.
Reply Session::listen(const IncomingRequest& incoming) {
  const Json& wanted = member(incoming.params, "notifications");
  if (!wanted.is_object()) return invalid_params("notifications is not an object");
  if (wanted.contains("taskIds") && !has_task_extension(incoming.client)) return needs_task_extension();
  in_flight_.add(incoming.to.id, Listens{});
  outbox_.send(notification("notifications/subscriptions/acknowledged",
                            {{"_meta", {{kMetaSubscription, incoming.to.id}}}, {"notifications", Json::object()}}));
  return Later{};
}

}  // namespace delegate::mcp
