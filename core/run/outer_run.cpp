#include "core/run/outer_run.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/environment.hpp"
#include "core/os/process.hpp"
#include "core/os/process_table.hpp"
#include "core/run/breakers.hpp"

namespace delegate {
namespace {

constexpr const char* kDepth = "DELEGATE_DEPTH";

}  // namespace

std::optional<int> depth_in(const std::map<std::string, std::string>& environment) {
  const std::string text = variable_in(environment, kDepth);
  int depth = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), depth);
  if (text.empty()) return 0;
  return error == std::errc{} && end == text.data() + text.size() && depth >= 0 ? std::optional(depth) : std::nullopt;
}

std::vector<SupervisorAbove> supervisors_above() {
  std::vector<SupervisorAbove> found;
  pid_t below = 0;
  for (const Ancestor& ancestor : ancestors()) {
    if (ancestor.leads_session && is_supervisor_name(ancestor.name)) {
      SupervisorAbove one{.environment = environment_of(ancestor.pid), .mark = {}};
      if (below != 0) one.mark = variable_in(environment_of(below), std::string(kRunIdVariable));
      found.push_back(std::move(one));
    }
    below = ancestor.pid;
  }
  return found;
}

void complete_outer_run(std::map<std::string, std::string>& environment, const std::vector<SupervisorAbove>& above) {
  const std::optional<int> told = depth_in(environment);
  int depth = 0;
  for (auto one = above.rbegin(); one != above.rend(); ++one)
    depth = std::max(depth, depth_in(one->environment).value_or(0)) + 1;
  if (told && depth > *told) environment[kDepth] = std::to_string(depth);
  std::string& mark = environment[std::string(kRunIdVariable)];
  if (mark.empty() && !above.empty()) mark = above.front().mark;
  if (mark.empty()) environment.erase(std::string(kRunIdVariable));
}

}  // namespace delegate
