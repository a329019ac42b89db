#include "core/config/assign.hpp"

#include <algorithm>
#include <set>

#include "core/base/redact.hpp"
#include "core/base/text.hpp"
#include "core/config/checks.hpp"

namespace delegate::config {
namespace {

const Node::Member* find(const Node::Table& members, std::string_view name) {
  const auto found = std::find_if(members.begin(), members.end(), [&](const auto& one) { return one.key == name; });
  return found == members.end() ? nullptr : &*found;
}

void refuse_unknown(const Node::Table& members, const std::vector<std::string>& known, Complaints& complaints) {
  for (const Node::Member& member : members)
    if (std::find(known.begin(), known.end(), member.key) == known.end())
      complaints.push_back({"unknown key", suggestion(member.key, known), "." + one_line(member.key, 80), member.at});
}

void read_text(const Node& value, const Rule& rule, const std::string& below, std::string& out,
               Complaints& complaints) {
  for (Complaint& complaint : assign(Key{"", &rule, Slot(&out)}, value))
    complaints.push_back({complaint.what, complaint.hint, below, complaint.at});
}

void read_required(const Node::Table& members, Place at, const Rule& rule, std::string& out, Complaints& complaints) {
  const std::string below = "." + std::string(rule.name);
  if (const Node::Member* member = find(members, rule.name)) read_text(member->value, rule, below, out, complaints);
  else complaints.push_back({"must be set", "", below, at});
}

constexpr Rule kMatch{.name = "match", .doc = "error text (PCRE)", .check = check_pattern};
constexpr Rule kOutcome{.name = "outcome", .doc = "what it means", .choices = kFailureOutcomes};

Complaints check_login_name(const std::string& text) {
  if (check_backend_name(text).empty()) return {};
  return {{in_quotes(text) + " cannot be a login's name",
           "letters, digits, _ and -, a letter or digit first, at most 64",
           {},
           {}}};
}
constexpr Rule kName{.name = "name", .doc = "what it is called", .check = check_login_name};
constexpr Rule kValue{.name = "env", .doc = "value of a variable"};

/// Everyone who can read the file can read a secret in it.
Complaints check_login_variable(const std::string& name, const std::string& value) {
  if (Complaints complaints = check_variable(name); !complaints.empty()) return complaints;
  if (name.starts_with("DELEGATE_")) return {{"is delegate's own variable", "", {}, {}}};
  const bool is_reference = value.starts_with("$") && check_variable(value.substr(1)).empty();
  const bool is_secret = (is_secret_name(name) && !value.empty()) || Redactor({}).finds_secret(value);
  if (is_secret && !is_reference)
    return {
        {"must not be a secret", "put the secret in an environment variable and name it here: \"$WORK_KEY\"", {}, {}}};
  if (value.starts_with("$") && !is_reference)  // it may be a secret, so it is not repeated
    return {{"does not name a variable", "write \"$NAME\" alone for the value of the variable NAME", {}, {}}};
  return {};
}

void read_env(const Node::Member& env, Login& out, Complaints& complaints) {
  const auto* variables = std::get_if<Node::Table>(&env.value.value);
  if (variables == nullptr) {
    complaints.push_back({"expected a table of variables, found " + describe(env.value), "", ".env", env.value.at});
    return;
  }
  for (const Node::Member& variable : *variables) {
    const std::string below = ".env." + one_line(variable.key, 80);
    const std::size_t before = complaints.size();
    std::string value;
    read_text(variable.value, kValue, below, value, complaints);
    if (complaints.size() > before) continue;
    for (Complaint& complaint : check_login_variable(variable.key, value))
      complaints.push_back({complaint.what, complaint.hint, below, variable.at});
    out.env[variable.key] = std::move(value);
  }
}

}  // namespace

Complaints read_element(const Node::Table& members, Place at, FailureRule& out) {
  Complaints complaints;
  refuse_unknown(members, {"match", "outcome"}, complaints);
  read_required(members, at, kMatch, out.match, complaints);
  read_required(members, at, kOutcome, out.outcome, complaints);
  return complaints;
}

Complaints read_element(const Node::Table& members, Place at, Login& out) {
  Complaints complaints;
  refuse_unknown(members, {"name", "env"}, complaints);
  read_required(members, at, kName, out.name, complaints);
  if (const Node::Member* env = find(members, "env")) read_env(*env, out, complaints);
  return complaints;
}

Complaints check_elements(const std::vector<FailureRule>&, Place) { return {}; }

Complaints check_elements(const std::vector<Login>& logins, Place at) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < logins.size(); ++i)
    if (!names.insert(logins[i].name).second)
      return {
          {in_quotes(logins[i].name) + " is the name of another login", "", "[" + std::to_string(i) + "].name", at}};
  return {};
}

}  // namespace delegate::config
