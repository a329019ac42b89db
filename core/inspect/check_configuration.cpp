#include <algorithm>

#include "core/base/text.hpp"
#include "core/config/paths.hpp"
#include "core/config/report.hpp"
#include "core/inspect/context.hpp"
#include "core/os/checked_file.hpp"

namespace delegate::inspect {
namespace {

constexpr std::size_t kMostErrors = 5;  // the others are for `config check`
constexpr const char* kConfiguration = "configuration";

Findings errors_of(const ConfigVerdict& verdict) {
  Findings all;
  const std::size_t shown = std::min(verdict.errors.size(), kMostErrors);
  for (std::size_t i = 0; i < shown; ++i)
    all.push_back({FindingSeverity::problem, kConfiguration, verdict.errors[i].what, verdict.errors[i].hint});
  if (const std::size_t more = verdict.errors.size() - shown; more > 0)
    all.push_back({FindingSeverity::problem, kConfiguration, "has " + std::to_string(more) + " more errors",
                   "delegate config check"});
  return all;
}

Finding sources_of(const ProcessFacts& process, const Configured& configured) {
  std::vector<std::string> sources = files_of(configured);
  for (std::string& file : sources) file = with_tilde(process, file);
  const auto variables = variables_of(configured.loaded.config);
  sources.insert(sources.end(), variables.begin(), variables.end());
  if (sources.empty()) return {FindingSeverity::ok, kConfiguration, "built-in values: no file exists"};
  return {FindingSeverity::ok, kConfiguration, join(sources, ", ")};
}

/// Programs that are named by their path: who can exchange them decides what runs.
void check_programs(const Config& config, Findings& all) {
  const auto check = [&](const std::string& key, const std::vector<std::string>& command) {
    if (command.empty() || !command.front().starts_with('/')) return;
    if (const Status closed = check_not_open_to_all(command.front()); !closed)
      all.push_back({FindingSeverity::warning, kConfiguration, key + ": " + closed.error().what, closed.error().hint});
  };
  check("notify.hook", config.notify.hook);
  for (const auto& [name, backend] : config.backends)
    if (backend.enabled) check("backends." + name + ".command", backend.command);
}

}  // namespace

Findings check_configuration(const Context& context) {
  const auto& configured = context.configured;
  if (!configured) {
    const Error& error = configured.error();
    return {{FindingSeverity::problem, kConfiguration, error.what,
             error.hint.empty() ? "`delegate config path` shows which files are read" : error.hint}};
  }
  Findings all = errors_of(verdict_on(*configured));
  if (all.empty()) all.push_back(sources_of(context.process, *configured));
  for (const auto* list : {&configured->notices, &configured->remarks})
    for (const Error& notice : *list)
      all.push_back({FindingSeverity::warning, kConfiguration, notice.what, notice.hint});
  check_programs(configured->loaded.config, all);
  if (!context.has_engine())
    all.push_back({FindingSeverity::note, kConfiguration,
                   "state, backends and jobs are checked once the configuration is valid"});
  return all;
}

}  // namespace delegate::inspect
