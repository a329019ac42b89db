#include "core/config/assign.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/config/checks.hpp"
#include "core/config/quota_values.hpp"

namespace delegate::config {
namespace {

constexpr double kLongestSeconds = 1e12;  // as parse_duration

struct TypeNames {
  std::string_view name;
  std::string_view expected;
};
constexpr std::array<TypeNames, std::variant_size_v<Slot>> kTypes = {{
    {"true or false", "true or false"},
    {"integer", "an integer"},
    {"duration", "a duration like \"60s\""},
    {"string", "a string"},
    {"list of strings", "a list of strings"},
    {"list of tables", "a list of tables with match and outcome"},
    {"list of tables", "a list of tables with name and env"},
    {"list of backends", "a list of backends"},
    {"share", "a share like \"15%\", or a table of windows with one each"},
    {"list of amounts", "an amount like \"$5\", or a list of amounts"},
    {"number", "a number"},
}};

/// Applies a rule to the values of one type.
struct Assignment {
  const Rule& rule;
  const Node& value;
  std::string_view expected;

  Complaints operator()(bool* out) const;
  Complaints operator()(int* out) const;
  Complaints operator()(milliseconds* out) const;
  Complaints operator()(std::string* out) const;
  Complaints operator()(std::vector<std::string>* out) const;
  Complaints operator()(std::vector<FailureRule>* out) const;
  Complaints operator()(std::vector<Login>* out) const;
  template <class Value>
  Complaints operator()(Value* out) const {
    return read_value(value, *out);
  }

  Complaints wrong_type() const {
    return complain("expected " + std::string(expected) + ", found " + describe(value), hint_for_text(value, expected));
  }
  Complaints complain(std::string what, std::string hint = {}) const {
    return {Complaint{std::move(what), std::move(hint), {}, value.at}};
  }
};

std::string range_text(const Rule& rule, std::string (*text)(std::int64_t)) {
  if (rule.max == std::numeric_limits<std::int64_t>::max()) return "must be at least " + text(rule.min);
  return "must be from " + text(rule.min) + " to " + text(rule.max);
}

std::string number_text(std::int64_t value) { return std::to_string(value); }
std::string duration_text(std::int64_t value) { return format_duration(milliseconds(value)); }

Complaints Assignment::operator()(bool* out) const {
  const bool* typed = std::get_if<bool>(&value.value);
  if (typed == nullptr) return wrong_type();
  *out = *typed;
  return {};
}

Complaints Assignment::operator()(int* out) const {
  const std::int64_t* typed = std::get_if<std::int64_t>(&value.value);
  if (typed == nullptr) return wrong_type();
  const std::int64_t max = std::min<std::int64_t>(rule.max, std::numeric_limits<int>::max());
  if (*typed < rule.min || *typed > max)
    return complain(range_text(rule, number_text) + ", is " + std::to_string(*typed),
                    *typed < rule.min ? std::string(rule.below_min) : std::string());
  *out = static_cast<int>(*typed);
  return {};
}

Complaints Assignment::operator()(milliseconds* out) const {
  milliseconds parsed{0};
  if (const auto* text = std::get_if<std::string>(&value.value)) {
    const Result<milliseconds> duration = parse_duration(trim(*text));
    const bool negative = trim(*text).starts_with('-') && parse_duration(trim(*text).substr(1));
    if (negative) return complain("must not be negative, is " + in_quotes(*text));
    if (!duration) return complain(in_quotes(*text) + " is not a duration", duration.error().hint);
    parsed = *duration;
  } else {
    const auto* whole = std::get_if<std::int64_t>(&value.value);
    const auto* fraction = std::get_if<double>(&value.value);
    if (whole == nullptr && fraction == nullptr) return wrong_type();
    const double seconds = whole != nullptr ? static_cast<double>(*whole) : *fraction;
    if (seconds < 0) return complain("must not be negative, is " + describe(value));
    if (!(seconds < kLongestSeconds)) return wrong_type();
    parsed = milliseconds(std::llround(seconds * 1000));
  }
  if (parsed.count() < rule.min || parsed.count() > rule.max)
    return complain(range_text(rule, duration_text) + ", is " + format_duration(parsed), std::string(rule.below_min));
  *out = parsed;
  return {};
}

Complaints Assignment::operator()(std::string* out) const {
  const auto* text = std::get_if<std::string>(&value.value);
  if (text == nullptr) return wrong_type();
  Complaints complaints;
  if (text->find('\0') != std::string::npos) complaints = complain("must not have a NUL byte in it");
  else if (!rule.choices.empty()) complaints = check_choice(*text, rule.choices);
  else if (rule.check != nullptr) complaints = rule.check(*text);
  for (Complaint& complaint : complaints) complaint.at = value.at;
  if (complaints.empty()) *out = *text;
  return complaints;
}

Complaints Assignment::operator()(std::vector<std::string>* out) const {
  const bool lone = rule.one_is_a_list && std::holds_alternative<std::string>(value.value);
  const Node::List wrapped = lone ? Node::List{value} : Node::List{};
  const Node::List* list = lone ? &wrapped : std::get_if<Node::List>(&value.value);
  if (list == nullptr) return wrong_type();
  Complaints complaints;
  std::vector<std::string> texts;
  for (const Node& element : *list) {
    for (Complaint& complaint : Assignment{rule, element, "a string in this list"}(&texts.emplace_back()))
      complaints.push_back(std::move(complaint));
  }
  if (complaints.empty() && rule.check_list != nullptr) {
    complaints = rule.check_list(texts);
    for (Complaint& complaint : complaints) complaint.at = value.at;
  }
  if (complaints.empty()) *out = std::move(texts);
  return complaints;
}

/// A list of tables, all of one kind.
template <class Element>
Complaints assign_tables(const Assignment& assignment, std::string_view expected, std::vector<Element>* out) {
  const auto* list = std::get_if<Node::List>(&assignment.value.value);
  if (list == nullptr) return assignment.wrong_type();
  Complaints complaints;
  std::vector<Element> elements(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Node& element = (*list)[i];
    const auto* table = std::get_if<Node::Table>(&element.value);
    Complaints of_element = table != nullptr ? read_element(*table, element.at, elements[i])
                                             : Assignment{assignment.rule, element, expected}.wrong_type();
    for (Complaint& complaint : of_element) {
      complaint.below.insert(0, "[" + std::to_string(i) + "]");
      complaints.push_back(std::move(complaint));
    }
  }
  if (complaints.empty()) complaints = check_elements(elements, assignment.value.at);
  if (complaints.empty()) *out = std::move(elements);
  return complaints;
}

Complaints Assignment::operator()(std::vector<FailureRule>* out) const {
  return assign_tables(*this, "a table with match and outcome", out);
}

Complaints Assignment::operator()(std::vector<Login>* out) const {
  return assign_tables(*this, "a table with name and env", out);
}

std::optional<bool> truth(std::string_view text) {
  const std::string word = lower(text);
  for (const std::string_view yes : {"true", "yes", "on", "1"})
    if (word == yes) return true;
  for (const std::string_view no : {"false", "no", "off", "0"})
    if (word == no) return false;
  return std::nullopt;
}

Node::List comma_separated(std::string_view text) {
  Node::List list;
  if (trim(text).empty()) return list;
  for (const std::string_view part : split(text, ',')) list.push_back({std::string(trim(part)), {}});
  return list;
}

}  // namespace

std::string hint_for_text(const Node& node, std::string_view expected) {
  constexpr std::size_t kLongest = 60;
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr || text->size() > kLongest) return {};
  if (expected.starts_with("a list")) return "write it as a list: [\"" + one_line(*text) + "\"]";
  const bool is_number = !text->empty() && text->find_first_not_of("0123456789") == std::string::npos;
  return is_number || *text == "true" || *text == "false" ? "write it without quotes: " + *text : std::string();
}

std::string describe(const Node& node) {
  struct Describe {
    std::string operator()(bool) const { return "a boolean"; }
    std::string operator()(std::int64_t value) const { return "the integer " + std::to_string(value); }
    std::string operator()(double value) const {
      std::array<char, 32> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
      return "the number " + std::string(digits.data(), end);
    }
    std::string operator()(const std::string& text) const { return "the string " + in_quotes(text); }
    std::string operator()(Foreign foreign) const { return std::string(foreign.name); }
    std::string operator()(const Node::List&) const { return "a list"; }
    std::string operator()(const Node::Table&) const { return "a table"; }
  };
  return std::visit(Describe{}, node.value);
}

Complaints assign(const Key& key, const Node& value) {
  return std::visit(Assignment{*key.rule, value, kTypes[key.slot.index()].expected}, key.slot);
}

std::string_view type_name(const Slot& slot) { return kTypes[slot.index()].name; }

namespace {

/// "15%", or "five_hour=10%,seven_day=20%".
Node shares_in(std::string_view text) {
  if (text.find('=') == std::string_view::npos) return {std::string(trim(text)), {}};
  Node::Table table;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view share = part.substr(std::min(equals + 1, part.size()));
    table.push_back({std::string(trim(part.substr(0, equals))), {}, {std::string(trim(share)), {}}});
  }
  return {std::move(table), {}};
}

/// As TOML would have it, if it is one.
std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

Node node_from_text(const Slot& slot, std::string_view text) {
  const bool is_list = std::holds_alternative<std::vector<std::string>*>(slot) ||
                       std::holds_alternative<BackendOrder*>(slot) ||
                       std::holds_alternative<std::vector<BudgetAmount>*>(slot);
  if (is_list) return {comma_separated(text), {}};
  if (std::holds_alternative<std::vector<WindowShare>*>(slot)) return shares_in(text);
  if (std::holds_alternative<std::optional<double>*>(slot))
    if (const auto value = number_in(trim(text))) return {*value, {}};
  if (std::holds_alternative<bool*>(slot))
    if (const std::optional<bool> value = truth(trim(text))) return {*value, {}};
  if (std::holds_alternative<int*>(slot)) {
    const std::string_view digits = trim(text);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc{} && end == digits.data() + digits.size()) return {value, {}};
  }
  return {std::string(text), {}};
}

}  // namespace delegate::config
