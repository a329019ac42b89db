#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/route/task_type.hpp"
#include "core/run/backend.hpp"

namespace delegate {

inline constexpr std::string_view kAuto = "auto";

/// Material for the prompt.
struct Material {
  std::string name;  // of a file, as it was given; empty: from stdin
  std::string text;
};

/// How the answer is delivered while it is being written.
enum class Streaming {
  none,     // only when it is complete
  certain,  // what is certainly part of the answer, as it arrives: for a pipe
  drafts,   // everything that is written, even if it may be replaced: for a person on a terminal
};

/// The calls work in a copy of the git work tree, and an answer's change is applied to the person's files afterwards.
struct Isolation {
  bool apply = true;
  bool keep = false;                   // the copy stays
  bool with_untracked = true;          // the copy has the files that git does not track, too; never the ignored ones
  std::vector<std::string> with = {};  // ignored files that it gets all the same: absolute paths
};

/// What to ask, of which backend, and how.
struct Request {
  std::string prompt;
  std::vector<Material> materials;
  std::string system;
  std::string backend{kAuto};
  std::optional<TaskType> type;  // otherwise inferred from the prompt
  std::string model;             // only with a named backend
  std::optional<Tier> tier;      // ignored if a model is given
  std::string session;           // only with a named backend
  std::string cwd;
  Access access = Access::read_only;
  bool continue_writing = false;            // also after a backend failed that may have changed files
  std::optional<Isolation> isolation = {};  // only with Access::write
  std::optional<milliseconds> timeout;      // of the whole run; otherwise router.timeout
  std::optional<bool> fallback;             // otherwise on for auto, off for a named backend
  Streaming streaming = Streaming::none;
  /// How long to wait if all that would be asked are at max_parallel; nothing: as each backend's `when_full` says.
  std::optional<milliseconds> slot_wait = {};
  bool in_background = false;  // no person waits for it: waits for slots and for a locked state until its timeout
  /// With all breakers open: how long to wait for one; nothing: not at all.
  std::optional<milliseconds> breaker_wait = {};
  std::string run_id = {};  // one that was assigned before; empty: a new one
};

enum class SkipReason {
  breaker_open,
  probe_running,
  tripped_manually,
  no_slot,
  not_installed,
  disabled,
  cannot_write,
  login_unset,
  reserved,          // less than its reserve is left of a quota window
  extra_billing,     // it would be billed beyond its windows, which its settings avoid
  budget_exhausted,  // a budget is used up
  state_locked,
  state_unusable
};
std::string_view to_string(SkipReason reason);
/// Its breaker is not closed: it was found to be dead.
constexpr bool is_by_breaker(SkipReason reason) {
  return reason == SkipReason::breaker_open || reason == SkipReason::probe_running;
}
/// It could answer, but what it would cost is kept back.
constexpr bool is_held_back(SkipReason reason) {
  return reason == SkipReason::reserved || reason == SkipReason::extra_billing ||
         reason == SkipReason::budget_exhausted;
}

/// A candidate that was not tried.
struct Skip {
  std::string backend;
  SkipReason reason = SkipReason::disabled;
  std::optional<milliseconds> retry_in;    // absent: until a manual change
  std::string message;                     // its last failure, or why it is unavailable
  std::string cause = {};                  // outcome of its last failure, by name; empty: unknown
  std::optional<milliseconds> until = {};  // wall; of the quota window or the budget's period, if known
  std::string variable = {};               // with login_unset: the variable that is not set
  std::string command = {};                // with not_installed: a path that does not exist
  bool login_refused = false;              // for a reason that does not apply to another login of the backend
  bool limit_probe_due = false;  // a limit is still running, and it is time to check whether it was lifted early
};

/// One try at one backend.
struct Attempt {
  int number = 0;
  std::string backend;
  std::string kind;
  std::string model;
  Outcome outcome = Outcome::internal;
  std::string message;
  std::string hint;
  bool probe = false;
  bool background_probe = false;  // a request of our own during a limit; its answer is not shown
  bool counted = false;
  bool is_callers_own = false;           // as in Failure
  bool is_recognised = true;             // as in Failure
  bool tripped = false;                  // this attempt opened the breaker
  bool recovered = false;                // … or closed it
  std::string rejected_prompt;           // see CallReport
  std::optional<milliseconds> retry_at;  // wall clock; if the vendor stated it
  milliseconds started_at{0};            // wall clock
  milliseconds took{0};
  std::optional<int> exit_code;
  std::string text;
  std::size_t forgotten = 0;  // bytes of the answer before `text`: they were streamed
  bool is_truncated = false;  // the text was cut at the model's limit
  std::string session_id;
  Usage usage;
  /// It was allowed to change files, and has used a tool that can; or that cannot be told.
  bool may_have_written = false;
  bool is_writing_assumed = false;         // … because that is unknown; no tool of its was seen that can
  std::vector<std::string> written_files;  // that its tools have named; below the run's directory relative to it
  std::vector<std::string> warnings;
  std::vector<WindowView> quota_before;  // of its login, as it was known before the call
  std::vector<WindowView> quota_after;
  bool billed_extra = false;  // its login pays extra for calls beyond its windows
  std::string last_lines;     // of its output, redacted, if its failure was not recognised
};

}  // namespace delegate
