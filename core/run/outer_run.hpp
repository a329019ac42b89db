#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace delegate {

/// DELEGATE_DEPTH; 0: it is not set. Nothing: it is not a number.
std::optional<int> depth_in(const std::map<std::string, std::string>& environment);

/// The supervisor of a call above this process.
struct SupervisorAbove {
  std::map<std::string, std::string> environment;  // of the process that made the call
  std::string mark;  // DELEGATE_RUN_ID of what it has started; empty: that process has removed it
};

/// The supervisors among this process's ancestors, the nearest first. What a CLI has started cannot leave them: the
/// supervisor is the parent of all its orphans (a subreaper).
std::vector<SupervisorAbove> supervisors_above();

/// Completes DELEGATE_DEPTH and DELEGATE_RUN_ID in the environment of a process below them, which an agent may have
/// started without these variables (`env -i`) or with a smaller depth. A depth that is not a number stays as it is.
void complete_outer_run(std::map<std::string, std::string>& environment, const std::vector<SupervisorAbove>& above);

/// The same for the environment of this process.
inline void recognise_outer_run(std::map<std::string, std::string>& environment) {
  complete_outer_run(environment, supervisors_above());
}

}  // namespace delegate
