#include "core/config/quota_values.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/text.hpp"
#include "core/config/assign.hpp"
#include "core/config/checks.hpp"

namespace delegate::config {
namespace {

Complaint complaint_at(const Node& value, std::string what, std::string hint = {}) {
  return {std::move(what), std::move(hint), {}, value.at};
}

Complaint wrong_type(const Node& value, std::string_view expected) {
  return complaint_at(value, "expected " + std::string(expected) + ", found " + describe(value),
                      hint_for_text(value, expected));
}

constexpr const char* kOrderForm = "a backend, or a list of backends that are equals";

Complaints read_group(const Node& value, const Node::List& list, BackendOrder& out) {
  if (list.empty()) return {complaint_at(value, "a list of equals must not be empty")};
  std::vector<std::string> group;
  for (const Node& element : list) {
    const auto* name = std::get_if<std::string>(&element.value);
    if (name == nullptr) return {wrong_type(element, "a backend")};
    group.push_back(*name);
  }
  out.names.insert(out.names.end(), group.begin(), group.end());
  if (group.size() > 1) out.equals.push_back(std::move(group));
  return {};
}

Complaints read_share(const Node& value, const std::string& window, std::vector<WindowShare>& out) {
  const auto* text = std::get_if<std::string>(&value.value);
  if (text == nullptr) return {wrong_type(value, "a share like \"15%\"")};
  const Result<double> share = parse_share(*text);
  if (!share) return {complaint_at(value, share.error().what, share.error().hint)};
  out.push_back({window, *share});
  return {};
}

/// What servers limit, as their headers name it.
constexpr std::array<std::string_view, 4> kServerWindows{"requests", "tokens", "input-tokens", "output-tokens"};

bool can_be_reported(const std::string& name) {
  const milliseconds now{0};
  Quota quota;
  merge(quota, {.windows = {{name, 0, std::nullopt}}, .overage = {}, .heard_at = now, .source = {}}, now);
  return !quota.windows.empty();
}

/// A name of a window that could never be reported is a mistake.
Complaints check_window(const Node::Member& member) {
  const std::string& name = member.key;
  const auto complain = [&](const std::string& why, const std::string& hint = {}) {
    return Complaints{{in_quotes(name) + " is not a window" + why, hint, {}, member.at}};
  };
  if (std::find(kServerWindows.begin(), kServerWindows.end(), name) != kServerWindows.end()) return {};
  const auto length = window_length(name);
  if (!length)
    return complain("",
                    "five_hour, seven_day, one of another length like 24h, of a model like seven_day_opus; of a "
                    "server requests or tokens");
  if (!can_be_reported(name))
    return complain(": names consist of at most 40 small letters, digits, \".\", \"-\" and \"_\"");
  const bool is_spelt = name.find_first_not_of("0123456789") == name.size() - 1;
  if (is_spelt && name != window_name(*length))
    return complain(": one of this length is called " + window_name(*length));
  return {};
}

Complaints add_amount(const Node& value, std::vector<BudgetAmount>& out) {
  const auto* text = std::get_if<std::string>(&value.value);
  if (text == nullptr) return {wrong_type(value, "an amount like \"$5\", \"2M tokens\" or \"300 calls\"")};
  const Result<BudgetAmount> amount = parse_amount(*text);
  if (!amount) return {complaint_at(value, amount.error().what, amount.error().hint)};
  if (std::any_of(out.begin(), out.end(), [&](const auto& one) { return one.unit == amount->unit; }))
    return {complaint_at(value, in_quotes(*text) + " is a second limit of the same unit")};
  out.push_back(*amount);
  return {};
}

/// Moves the complaints of a part to where that part is.
void append(Complaints& all, Complaints of_part, const std::string& below) {
  for (Complaint& one : of_part) {
    one.below.insert(0, below);
    all.push_back(std::move(one));
  }
}

}  // namespace

Complaints read_value(const Node& value, BackendOrder& out) {
  const auto* list = std::get_if<Node::List>(&value.value);
  if (list == nullptr) return {wrong_type(value, "a list of backends")};
  BackendOrder order;
  Complaints complaints;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Node& element = (*list)[i];
    const auto* group = std::get_if<Node::List>(&element.value);
    Complaints of_part;
    if (const auto* name = std::get_if<std::string>(&element.value)) order.names.push_back(*name);
    else if (group != nullptr) of_part = read_group(element, *group, order);
    else of_part = {wrong_type(element, kOrderForm)};
    append(complaints, std::move(of_part), "[" + std::to_string(i) + "]");
  }
  if (complaints.empty()) complaints = check_unique(order.names);
  for (Complaint& one : complaints)
    if (one.at.line == 0) one.at = value.at;
  if (complaints.empty()) out = std::move(order);
  return complaints;
}

Complaints read_value(const Node& value, std::vector<WindowShare>& out) {
  std::vector<WindowShare> shares;
  Complaints complaints;
  if (const auto* table = std::get_if<Node::Table>(&value.value)) {
    for (const Node::Member& member : *table) {
      append(complaints, check_window(member), "." + one_line(member.key, 80));
      append(complaints, read_share(member.value, member.key, shares), "." + one_line(member.key, 80));
    }
  } else {
    complaints = read_share(value, "", shares);
  }
  std::erase_if(shares, [](const WindowShare& one) { return one.window.empty() && one.share == 0; });
  if (complaints.empty()) out = std::move(shares);
  return complaints;
}

Complaints read_value(const Node& value, std::vector<BudgetAmount>& out) {
  const auto* list = std::get_if<Node::List>(&value.value);
  std::vector<BudgetAmount> amounts;
  Complaints complaints;
  if (list == nullptr) complaints = add_amount(value, amounts);
  else
    for (std::size_t i = 0; i < list->size(); ++i)
      append(complaints, add_amount((*list)[i], amounts), "[" + std::to_string(i) + "]");
  if (complaints.empty()) out = std::move(amounts);
  return complaints;
}

Complaints read_value(const Node& value, std::optional<double>& out) {
  const auto* whole = std::get_if<std::int64_t>(&value.value);
  const auto* fraction = std::get_if<double>(&value.value);
  const auto* text = std::get_if<std::string>(&value.value);
  if (text != nullptr && text->empty()) return out.reset(), Complaints{};
  if (whole == nullptr && fraction == nullptr) return {wrong_type(value, "a number")};
  const double number = whole != nullptr ? static_cast<double>(*whole) : *fraction;
  if (!std::isfinite(number) || number < 0) return {complaint_at(value, "must not be negative, is " + describe(value))};
  out = number;
  return {};
}

Node node_of(const BackendOrder& order) {
  Node::List list;
  for (std::size_t i = 0; i < order.names.size();) {
    const auto group = std::find_if(order.equals.begin(), order.equals.end(),
                                    [&](const auto& one) { return one.front() == order.names[i]; });
    if (group == order.equals.end()) {
      list.push_back({order.names[i++], {}});
      continue;
    }
    Node::List inner;
    for (const std::string& name : *group) inner.push_back({name, {}});
    i += group->size();
    list.push_back({std::move(inner), {}});
  }
  return {std::move(list), {}};
}

Node node_of(const std::vector<WindowShare>& shares) {
  if (shares.empty()) return {share_text(0), {}};
  if (shares.size() == 1 && shares.front().window.empty()) return {share_text(shares.front().share), {}};
  Node::Table table;
  for (const WindowShare& one : shares) table.push_back({one.window, {}, {share_text(one.share), {}}});
  return {std::move(table), {}};
}

Node node_of(const std::vector<BudgetAmount>& amounts) {
  Node::List list;
  for (const BudgetAmount& one : amounts) list.push_back({amount_text(one), {}});
  return {std::move(list), {}};
}

Node node_of(const std::optional<double>& number) {
  if (!number) return {std::string(), {}};
  return {*number, {}};
}

}  // namespace delegate::config
