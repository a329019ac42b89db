#include "cli/render/config_json.hpp"

#include "core/base/json.hpp"

namespace delegate::cli {
namespace {

OrderedJson to_object(const ConfigProblem& problem) {
  OrderedJson object = OrderedJson::object();
  const auto put = [&](const char* key, const std::string& text) {
    if (!text.empty()) object[key] = text;
  };
  put("source", problem.origin.source);
  if (problem.origin.line > 0) object["line"] = problem.origin.line;
  if (problem.origin.column > 0) object["column"] = problem.origin.column;
  put("key", problem.key);
  put("message", problem.what);
  put("hint", problem.hint);
  if (problem.needs_trust) object["needs_trust"] = true;
  return object;
}

OrderedJson problems_of(const Configured& configured) {
  OrderedJson list = OrderedJson::array();
  for (const ConfigProblem& problem : configured.loaded.problems) list.push_back(to_object(problem));
  return list;
}

OrderedJson notices_of(const Configured& configured) {
  OrderedJson notices = OrderedJson::array();
  for (const auto* list : {&configured.notices, &configured.remarks})
    for (const Error& notice : *list) notices.push_back(notice.what);
  return notices;
}

const char* name_of(Layer layer) {
  switch (layer) {
    case Layer::built_in: return "built_in";
    case Layer::user_file: return "user_file";
    case Layer::project_file: return "project_file";
    case Layer::environment: return "environment";
  }
  return "";
}

OrderedJson origin_of(const Configured& configured, const Origin& origin) {
  OrderedJson object{{"layer", name_of(origin.layer)}};
  if (origin.layer == Layer::environment) object["variable"] = origin.source;
  if (origin.line > 0) object["path"] = origin.source, object["line"] = origin.line;
  if (origin.layer == Layer::project_file)
    object["trusted"] = configured.sources.project_trust == ProjectTrust::trusted;
  return object;
}

struct ToJson {
  template <class Plain>
  OrderedJson operator()(const Plain& value) const {
    return value;
  }
  OrderedJson operator()(const std::vector<Login>& logins) const {
    OrderedJson list = OrderedJson::array();
    for (const Login& login : logins) list.push_back({{"name", login.name}, {"env", login.env}});
    return list;
  }
  OrderedJson operator()(const std::vector<FailureRule>& rules) const {
    OrderedJson list = OrderedJson::array();
    for (const FailureRule& rule : rules) list.push_back({{"match", rule.match}, {"outcome", rule.outcome}});
    return list;
  }
  OrderedJson operator()(const BackendOrder& order) const {
    OrderedJson list = OrderedJson::array();
    for (std::size_t i = 0; i < order.names.size();) {
      const auto group = std::find_if(order.equals.begin(), order.equals.end(),
                                      [&](const auto& one) { return one.front() == order.names[i]; });
      if (group == order.equals.end()) list.push_back(order.names[i++]);
      else list.push_back(*group), i += group->size();
    }
    return list;
  }
  OrderedJson operator()(const std::vector<WindowShare>& shares) const {
    if (shares.empty()) return share_text(0);
    if (shares.size() == 1 && shares.front().window.empty()) return share_text(shares.front().share);
    OrderedJson table = OrderedJson::object();
    for (const WindowShare& one : shares) table[one.window] = share_text(one.share);
    return table;
  }
  OrderedJson operator()(const std::vector<BudgetAmount>& amounts) const {
    OrderedJson list = OrderedJson::array();
    for (const BudgetAmount& one : amounts) list.push_back(amount_text(one));
    return list;
  }
  OrderedJson operator()(const std::optional<double>& number) const {
    return number ? OrderedJson(*number) : OrderedJson();
  }
};

}  // namespace

std::string check_json(const Configured& configured) {
  return dump(OrderedJson{{"schema", "delegate.config_check/1"},
                          {"ok", configured.loaded.problems.empty()},
                          {"files", files_of(configured)},
                          {"variables", variables_of(configured.loaded.config)},
                          {"notices", notices_of(configured)},
                          {"problems", problems_of(configured)}});
}

std::string show_json(const Configured& configured, const std::vector<ConfigValue>& values) {
  OrderedJson list = OrderedJson::array();
  for (const ConfigValue& one : values)
    list.push_back(
        {{"key", one.key}, {"value", std::visit(ToJson{}, one.value)}, {"origin", origin_of(configured, one.origin)}});
  return dump(OrderedJson{{"schema", "delegate.config/1"},
                          {"values", list},
                          {"notices", notices_of(configured)},
                          {"problems", problems_of(configured)}});
}

}  // namespace delegate::cli
