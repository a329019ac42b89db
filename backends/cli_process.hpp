#pragma once
#include <string>
#include <vector>

#include "backends/vendor_keys.hpp"
#include "backends/wordings.hpp"
#include "core/base/json.hpp"
#include "core/run/backend.hpp"

namespace delegate {

/// The environment of a backend's process, as NAME=value: the caller's, without
/// - keys and tokens for AI services, unless `env.keep` names them (vendor_keys.hpp): a key must not reach the CLI of
///   another vendor, nor bill an API account instead of the subscription;
/// - session and nesting markers of a calling agent, which make its CLI refuse to start or misbehave;
/// - anything that could open a login page: BROWSER does nothing, there is no display.
std::vector<std::string> child_environment(const Task& task, const OwnKeys& own,
                                           const std::vector<std::string>& extra = {});

/// The keys and tokens that child_environment removes from the caller's environment; sorted.
std::vector<std::string> withheld_keys(const Task& task, const OwnKeys& own);

/// A variable as the child sees it; the settings of a login take precedence.
std::string seen_by_child(const Task& task, const std::string& variable);
/// Is it set for the child, and not one of the keys that are kept away from it?
bool reaches_child(const Task& task, const OwnKeys& own, const std::string& variable);
/// A directory as the child sees it: the value of `variable`, or else `below_home` in its home. Empty: neither is set.
std::string directory_of_child(const Task& task, const std::string& variable, const std::string& below_home);

/// The session's files, if the CLI's own directory is known and the name of the session is fit to search for.
std::optional<SessionFiles> files_of_session(const std::string& own_directory, const std::string& below,
                                             std::string_view session);

/// Common to all kinds that run an executable.
class CliBackend : public Backend {
 public:
  bool is_process() const override { return true; }
  Call version_call(const Task& task) const override;
  /// Accepts an answer whose end was seen although the final record is missing.
  void conclude(ParsedOutput& parsed, const Task&) const override;
  /// Whose wordings are looked at first.
  virtual Vendor vendor() const { return Vendor::other; }
  virtual OwnKeys own_keys(const Task&) const { return {}; }
  Failure without_echo(Failure failure, std::string message) const override;
  std::vector<std::string> withheld(const Task& task) const override { return withheld_keys(task, own_keys(task)); }
  /// The cause that stderr names: it was never started, or the last error of its own that is known.
  std::optional<Failure> explain(const ParsedOutput&, const Task&, const RawOutput& raw) const override;
};

/// The executable and the fixed arguments of `command`; each kind adds its own arguments.
ProcessCall start_call(const Task& task);

/// Accepts `text` as the answer, with a warning, because the final record is missing.
void accept_unfinished(ParsedOutput& parsed, std::string text);
/// Accepts the answer from the CLI's own file, because it is missing on stdout or has a part that cannot be read.
void accept_recovered(ParsedOutput& parsed, std::string text);

/// A record with more than kLongestRecord bytes is not read: counts it as unreadable.
bool is_too_long(std::string_view record, ParsedOutput& parsed);

/// The records in a line of a CLI's output. Counts what looks like one and cannot be read.
std::vector<Json> take_records(ParsedOutput& parsed, std::string_view line);

/// The system prompt put before the prompt, for CLIs that take it only in argv, which other users can read, or only as
/// a replacement of their own.
std::string prompt_with_system(const Task& task);

}  // namespace delegate
