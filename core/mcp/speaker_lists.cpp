#include <utility>

#include "core/mcp/speaker.hpp"
#include "core/mcp/wire.hpp"

// What is there, and who wants to hear when it changes.
namespace delegate::mcp {

/// Everything on one page, so every cursor is a wrong one.
template <class Item>
Reply Speaker::listed(const Asked& asked, const char* key, const std::vector<Item>& items) const {
  if (!member(asked.params, "cursor").is_null()) return invalid_params("there is no such page");
  const Version version = asked.version();
  Json result{{key, Json::array()}};
  for (const Item& item : items) {
    if constexpr (std::is_same_v<Item, Tool>)
      result[key].push_back(wire(item, version, has_core_tasks(version) && service_.offer().tasks.has_value()));
    else result[key].push_back(wire(item, version));
  }
  if (is_modern(version)) mark_fresh(result, service_.offer().lists_fresh_for, false);
  return result;
}

Reply Speaker::list_tools(const Asked& asked) { return listed(asked, "tools", service_.offer().tools); }
Reply Speaker::list_resources(const Asked& asked) { return listed(asked, "resources", service_.offer().resources); }
Reply Speaker::list_resource_templates(const Asked& asked) {
  return listed(asked, "resourceTemplates", service_.offer().resource_templates);
}
Reply Speaker::list_prompts(const Asked& asked) { return listed(asked, "prompts", service_.offer().prompts); }

Reply Speaker::subscribe(const Asked& asked) {
  const auto uri = text_member(asked.params, "uri");
  if (!uri) return invalid_params("uri is not a string");
  if (!subscriptions_.subscribe(*uri)) return invalid_params("too many subscriptions, or a URI too long");
  return Json::object();
}

Reply Speaker::unsubscribe(const Asked& asked) {
  const auto uri = text_member(asked.params, "uri");
  if (!uri) return invalid_params("uri is not a string");
  subscriptions_.unsubscribe(*uri);
  return Json::object();
}

Reply Speaker::listen(const Asked& asked) {
  const Json& wanted = member(asked.params, "notifications");
  if (!wanted.is_object()) return invalid_params("notifications is not an object");
  Json granted = subscriptions_.listen(asked.seat.id, wanted, service_.offer());
  if (granted.is_null()) return invalid_params("too many subscriptions");
  in_flight_.add(asked.seat.id, Listens{});
  outbox_.send(notification("notifications/subscriptions/acknowledged",
                            {{"_meta", {{kMetaSubscription, asked.seat.id}}}, {"notifications", std::move(granted)}}));
  return Later{};
}

}  // namespace delegate::mcp
