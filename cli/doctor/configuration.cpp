#include <algorithm>

#include "cli/config_report.hpp"
#include "cli/doctor/patient.hpp"
#include "cli/places.hpp"
#include "core/base/text.hpp"

namespace delegate::cli::doctor {
namespace {

constexpr std::size_t kMostErrors = 5;  // the others are for `config check`
constexpr const char* kAbout = "configuration";

Findings errors_of(const ConfigVerdict& verdict) {
  Findings all;
  const std::size_t shown = std::min(verdict.errors.size(), kMostErrors);
  for (std::size_t i = 0; i < shown; ++i)
    all.push_back({Severity::problem, kAbout, verdict.errors[i].what, verdict.errors[i].hint});
  if (const std::size_t more = verdict.errors.size() - shown; more > 0)
    all.push_back({Severity::problem, kAbout, "has " + std::to_string(more) + " more errors", "delegate config check"});
  return all;
}

Finding sources_of(const World& world, const Configured& configured) {
  std::vector<std::string> sources = files_of(configured);
  for (std::string& file : sources) file = with_tilde(world, file);
  const auto variables = variables_of(configured.loaded.config);
  sources.insert(sources.end(), variables.begin(), variables.end());
  if (sources.empty()) return {Severity::ok, kAbout, "built-in values: there is no file"};
  return {Severity::ok, kAbout, join(sources, ", ")};
}

}  // namespace

Findings look_at_configuration(const Patient& patient) {
  const auto& configured = patient.configured;
  if (!configured) {
    const Error& error = configured.error();
    return {{Severity::problem, kAbout, error.what,
             error.hint.empty() ? "`delegate config path` says which files are read" : error.hint}};
  }
  Findings all = errors_of(verdict_on(*configured));
  if (all.empty()) all.push_back(sources_of(patient.world, *configured));
  for (const Error& notice : configured->notices) all.push_back({Severity::warning, kAbout, notice.what, notice.hint});
  if (patient.host == nullptr)
    all.push_back({Severity::note, kAbout, "state, backends and jobs are looked at once it can be used"});
  return all;
}

}  // namespace delegate::cli::doctor
