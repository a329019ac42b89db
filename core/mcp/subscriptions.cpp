#include "core/mcp/subscriptions.hpp"

#include <array>
#include <utility>

#include "core/mcp/message.hpp"
#include "core/mcp/wire.hpp"

namespace delegate::mcp {
namespace {

struct ListName {
  List list;
  const char* wanted;        // in a filter
  const char* notification;  // when it changed
  bool (*is_offered)(const Capabilities&);
};
constexpr std::array<ListName, 3> kLists{{
    {List::tools, "toolsListChanged", "notifications/tools/list_changed",
     [](const Capabilities& offered) { return !offered.tools.empty(); }},
    {List::prompts, "promptsListChanged", "notifications/prompts/list_changed",
     [](const Capabilities& offered) { return !offered.prompts.empty(); }},
    {List::resources, "resourcesListChanged", "notifications/resources/list_changed",
     [](const Capabilities& offered) { return !offered.resources.empty() || !offered.resource_templates.empty(); }},
}};

constexpr std::size_t kLongestUri = 4096;

Json on_stream(const Json& id) { return {{"_meta", {{kMetaSubscription, id}}}}; }

}  // namespace

bool Subscriptions::subscribe(const std::string& uri) {
  if (uri.size() > kLongestUri) return false;
  if (resources_.size() >= most_) return resources_.count(uri) != 0;
  resources_.insert(uri);
  return true;
}

Json Subscriptions::listen(const Json& id, const Json& wanted, const Capabilities& offered) {
  if (streams_.size() >= most_) return nullptr;
  Stream stream{id, {}, {}};
  Json granted = Json::object();
  for (const ListName& list : kLists) {
    if (!offered.list_changes || !list.is_offered(offered) || wanted.value(list.wanted, Json()) != true) continue;
    stream.lists.insert(list.list);
    granted[list.wanted] = true;
  }
  const Json uris = wanted.value("resourceSubscriptions", Json());
  if (offered.resource_subscriptions && uris.is_array()) {
    for (const Json& uri : uris)
      if (uri.is_string() && uri.get_ref<const std::string&>().size() <= kLongestUri)
        stream.resources.insert(uri.get<std::string>());
    if (stream.resources.size() > most_) return nullptr;
    granted["resourceSubscriptions"] = stream.resources;
  }
  streams_[key_of(id)] = std::move(stream);
  return granted;
}

void Subscriptions::stop(const Json& id) { streams_.erase(key_of(id)); }

void Subscriptions::resource_updated(Outbox& outbox, const std::string& uri) const {
  const char* method = "notifications/resources/updated";
  if (resources_.count(uri) != 0) outbox.send(notification(method, {{"uri", uri}}));
  for (const auto& [key, stream] : streams_) {
    if (stream.resources.count(uri) == 0) continue;
    Json params = on_stream(stream.id);
    params["uri"] = uri;
    outbox.send(notification(method, std::move(params)));
  }
}

void Subscriptions::list_changed(Outbox& outbox, List list, bool for_all) const {
  const char* method = kLists.at(static_cast<std::size_t>(list)).notification;
  if (for_all) outbox.send(notification(method, Json::object()));
  for (const auto& [key, stream] : streams_)
    if (stream.lists.count(list) != 0) outbox.send(notification(method, on_stream(stream.id)));
}

}  // namespace delegate::mcp
