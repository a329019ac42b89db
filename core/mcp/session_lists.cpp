#include <utility>

#include "core/mcp/session.hpp"
#include "core/mcp/wire.hpp"

// Lists, and subscriptions to their changes.
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
  if (is_modern(version)) mark_fresh(result, service_.capabilities().lists_fresh_for, false);
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
Reply Session::list_prompts(const IncomingRequest& incoming) {
  return listed(incoming, "prompts", service_.capabilities().prompts);
}

Reply Session::subscribe(const IncomingRequest& incoming) {
  const auto uri = text_member(incoming.params, "uri");
  if (!uri) return invalid_params("uri is not a string");
  if (!subscriptions_.subscribe(*uri)) return invalid_params("too many subscriptions, or a URI too long");
  return Json::object();
}

Reply Session::unsubscribe(const IncomingRequest& incoming) {
  const auto uri = text_member(incoming.params, "uri");
  if (!uri) return invalid_params("uri is not a string");
  subscriptions_.unsubscribe(*uri);
  return Json::object();
}

Reply Session::listen(const IncomingRequest& incoming) {
  const Json& wanted = member(incoming.params, "notifications");
  if (!wanted.is_object()) return invalid_params("notifications is not an object");
  Json granted = subscriptions_.listen(incoming.to.id, wanted, service_.capabilities());
  if (granted.is_null()) return invalid_params("too many subscriptions");
  in_flight_.add(incoming.to.id, Listens{});
  outbox_.send(notification("notifications/subscriptions/acknowledged",
                            {{"_meta", {{kMetaSubscription, incoming.to.id}}}, {"notifications", std::move(granted)}}));
  return Later{};
}

}  // namespace delegate::mcp
