#include "core/route/balance.hpp"

#include <algorithm>

namespace delegate {
namespace {

using Group = std::vector<const Equal*>;

Group those_of(const std::vector<Equal>& equals, bool is_reserved) {
  Group group;
  for (const Equal& one : equals)
    if (one.is_reserved == is_reserved) group.push_back(&one);
  return group;
}

bool was_used_earlier(const Equal* one, const Equal* other) {
  return one->last_used.value_or(milliseconds::min()) < other->last_used.value_or(milliseconds::min());
}

/// The one that was used last is put first, unless the first one leads.
void keep_last_used(Group& by_headroom) {
  if (by_headroom.empty()) return;
  const auto last = std::max_element(by_headroom.begin(), by_headroom.end(), was_used_earlier);
  const double best = *by_headroom.front()->headroom;
  const double own = *(*last)->headroom;
  const bool is_led = best > own && best >= own * kLead;
  if ((*last)->last_used && !is_led) std::rotate(by_headroom.begin(), last, last + 1);
}

/// Those with figures share the places that those without leave to them.
void put_in_order(Group& group) {
  Group with_figures;
  std::copy_if(group.begin(), group.end(), std::back_inserter(with_figures),
               [](const Equal* one) { return one->headroom.has_value(); });
  std::stable_sort(with_figures.begin(), with_figures.end(),
                   [](const Equal* one, const Equal* other) { return *one->headroom > *other->headroom; });
  keep_last_used(with_figures);
  auto next = with_figures.begin();
  for (const Equal*& place : group)
    if (place->headroom) place = *next++;
}

}  // namespace

std::vector<std::string> balanced(const std::vector<Equal>& equals) {
  std::vector<std::string> names;
  for (const bool is_reserved : {false, true}) {
    Group group = those_of(equals, is_reserved);
    put_in_order(group);
    for (const Equal* one : group) names.push_back(one->name);
  }
  return names;
}

}  // namespace delegate
