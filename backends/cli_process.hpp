#pragma once
#include <string>
#include <vector>

#include "core/run/backend.hpp"

namespace delegate {

/// The environment of a backend's process, as NAME=value: the caller's, without
/// - keys and tokens of any AI vendor, unless `env.keep` names them (a vendor's key must not reach another vendor's
/// CLI,
///   nor silently bill an API account instead of the subscription);
/// - the session and nesting markers of agents that called us, which make their CLIs refuse or misbehave;
/// - everything with which a login page could open: BROWSER does nothing, there is no display.
/// `own_login` names variables with which this very CLI is signed in (its subscription, not an API key).
std::vector<std::string> child_environment(const Task& task, const std::vector<std::string>& own_login = {},
                                           const std::vector<std::string>& extra = {});

/// A directory as the child will find it: what `variable` says there, else `below_home` of its home. Empty: neither.
std::string directory_of_child(const Task& task, const std::string& variable, const std::string& below_home);

/// What all kinds that run an executable have in common.
class CliBackend : public Backend {
 public:
  bool is_process() const override { return true; }
  Call version_call(const Task& task) const override;
  /// The last word of the answer was seen: only the bookkeeping behind it is missing.
  void conclude(ParsedOutput& parsed, const Task&) const override;
  /// What stderr says, by the signatures that all vendors share.
  std::optional<Failure> explain(const ParsedOutput&, const Task&, const RawOutput& raw) const override;
};

/// The executable and the fixed arguments of `command`; everything else is the kind's own.
ProcessCall start_call(const Task& task);

/// An answer that was found although the record of its end is missing.
void take_for_answer(ParsedOutput& parsed, std::string text);

/// For CLIs that take a system prompt only where others could read it (argv) or instead of their own: it leads the
/// prompt.
std::string prompt_with_system(const Task& task);

}  // namespace delegate
