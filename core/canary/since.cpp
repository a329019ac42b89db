#include "core/base/json.hpp"
#include "core/canary/invariant.hpp"

namespace delegate::canary {

Since::Since(const Facts& facts, std::string& notes) : facts_(facts), notes_(notes) {
  const auto json = parse_object(notes);
  if (!json || text_at(*json, "/boot_id") != facts.now.boot_id) return;  // the clock began again
  if (const auto times = json->find("since"); times != json->end() && times->is_object())
    for (const auto& [key, value] : times->items())
      if (value.is_number_integer()) before_[key] = milliseconds(value.get<std::int64_t>());
}

Since::~Since() {
  OrderedJson times = OrderedJson::object();
  for (const auto& [key, since] : now_) times[key] = since.count();
  notes_ = dump(OrderedJson{{"boot_id", facts_.now.boot_id}, {"since", times}});
}

milliseconds Since::operator[](const std::string& key) {
  const auto known = before_.find(key);
  const milliseconds since = known == before_.end() ? facts_.now.boot : known->second;
  now_[key] = since;
  return std::max(facts_.now.boot - since, milliseconds(0));
}

}  // namespace delegate::canary
