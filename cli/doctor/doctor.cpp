#include <array>
#include <future>

#include "cli/commands.hpp"
#include "cli/config_report.hpp"
#include "cli/doctor/patient.hpp"
#include "cli/doctor/report.hpp"
#include "cli/exit_code.hpp"

namespace delegate::cli {
namespace {

using namespace doctor;

struct Examination {
  std::string_view name;  // promised to scripts
  Findings (*look)(const Patient&);
  bool needs_host = true;
};
constexpr std::array kExaminations{
    Examination{"configuration", look_at_configuration, false},
    Examination{"state", look_at_state},
    Examination{"backends", look_at_backends},
    Examination{"jobs", look_at_jobs},
    Examination{"editors", look_at_editors, false},
    Examination{"surroundings", look_at_surroundings, false},
};

/// All at a time: the slowest decides how long the person waits.
std::vector<Section> examine(const Patient& patient) {
  std::vector<std::future<Findings>> under_way;
  std::vector<Section> sections;
  for (const Examination& one : kExaminations) {
    if (one.needs_host && patient.host == nullptr) continue;
    sections.push_back({one.name, {}});
    under_way.push_back(std::async(std::launch::async, one.look, std::cref(patient)));
  }
  for (std::size_t i = 0; i < sections.size(); ++i) sections[i].findings = under_way[i].get();
  return sections;
}

bool is_usable(const Result<Configured>& configured) { return configured && verdict_on(*configured).errors.empty(); }

}  // namespace

int run_doctor(const World& world, const std::string& config_file, const DoctorCommand& command) {
  const Output output(world);
  const auto configured = configure(world, config_file, world.cwd);
  Patient patient{.world = world, .configured = configured};
  std::optional<Host> host;
  if (is_usable(configured)) {
    patient.host = &host.emplace(world, configured->loaded.config);
    patient.status = status_of(*host, patient.config());
    // That it cannot be read is in the status.
    patient.states = host->engine().breakers.read().value_or(StateStore::Snapshot{});
  }
  output.progress("looking …");
  const std::vector<Section> sections = examine(patient);
  output.progress({});
  if (world.interrupted.cancelled() && world.signal != 0) return 128 + world.signal;
  const int written = output.quote(command.json ? to_json(sections) + "\n" : to_text(sections, output.is_painted()));
  if (written != 0) return written;
  return count(sections, Severity::problem) > 0 ? kAllFailed : kAnswered;
}

}  // namespace delegate::cli
