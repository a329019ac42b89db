#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/canary/facts.hpp"
#include "core/state/notifications.hpp"

// The invariants of a host's state. Checks are pure: facts in, findings out. docs/canary.md describes each of them.
namespace delegate::canary {

/// One thing that is not as it should be.
struct Deviation {
  std::string subject;  // what it is about; the same in two looks if it is the same deviation
  std::string line;     // for people. No path, prompt, answer or key: it may be shown on a desktop

  bool operator==(const Deviation&) const = default;
};
using Deviations = std::vector<Deviation>;

/// Stored by name: names never change.
enum class Verdict {
  held,
  violated,
  skipped,  // it could not be judged, for the reason given
  error,    // a source could not be read
};
std::string_view to_string(Verdict verdict);

/// Why an invariant was not checked. Never the same as held.
struct Unchecked {
  Verdict verdict = Verdict::skipped;  // or error
  std::string reason;
};
using Checked = tl::expected<Deviations, Unchecked>;

/// `return skip("why")`
inline tl::unexpected<Unchecked> skip(std::string reason) {
  return tl::unexpected(Unchecked{Verdict::skipped, std::move(reason)});
}

struct Invariant {
  std::string_view id;       // stable, for scripts
  std::string_view name;     // what is wrong if it is violated: "more slots in use than allowed"
  std::string_view meaning;  // what must hold, one sentence
  std::string_view remedy;   // what a person can do about a violation, one line
  NotificationSeverity severity = NotificationSeverity::warning;
  /// `notes` is what the check left there in the cycle before, as JSON or empty; it may leave something else.
  Checked (*check)(const Facts& facts, std::string& notes) = nullptr;
};

/// All of them, in the order in which they are shown.
std::span<const Invariant> invariants();
/// Null if there is none.
const Invariant* invariant(std::string_view id);

// The checks, by what they are about: check_*.cpp.
Checked check_slots_have_processes(const Facts& facts, std::string& notes);
Checked check_caps(const Facts& facts, std::string& notes);
Checked check_leases(const Facts& facts, std::string& notes);
Checked check_running_jobs(const Facts& facts, std::string& notes);
Checked check_ends_are_final(const Facts& facts, std::string& notes);
Checked check_requests(const Facts& facts, std::string& notes);
Checked check_run_times(const Facts& facts, std::string& notes);
Checked check_processes_have_runs(const Facts& facts, std::string& notes);
Checked check_bounds(const Facts& facts, std::string& notes);
Checked check_breaker_states(const Facts& facts, std::string& notes);
Checked check_probes(const Facts& facts, std::string& notes);
Checked check_queue_order(const Facts& facts, std::string& notes);
Checked check_queue_moves(const Facts& facts, std::string& notes);
Checked check_guards(const Facts& facts, std::string& notes);
Checked check_notifications(const Facts& facts, std::string& notes);
Checked check_clocks(const Facts& facts, std::string& notes);
Checked check_worker_configuration(const Facts& facts, std::string& notes);
Checked check_state_files(const Facts& facts, std::string& notes);

/// The value of a source, or a return with the error.
#define NEED(decl, source)                                                                \
  if (!(source)) return tl::unexpected(Unchecked{Verdict::error, (source).error().what}); \
  decl = *(source)

/// The same for a source that is used later.
#define NEED_SOURCE(source) \
  if (!(source)) return tl::unexpected(Unchecked{Verdict::error, (source).error().what})

/// Since when each of these has been so, in milliseconds since the boot: what `notes` has of it from the cycles before,
/// or now. Only those that are asked for stay.
class Since {
 public:
  Since(const Facts& facts, std::string& notes);
  Since(const Since&) = delete;
  Since& operator=(const Since&) = delete;
  ~Since();  // writes the notes
  /// For how long.
  milliseconds operator[](const std::string& key);

 private:
  const Facts& facts_;
  std::string& notes_;
  std::map<std::string, milliseconds> before_;
  std::map<std::string, milliseconds> now_;
};

/// For judging leases: after a resume from sleep they are over although nothing went wrong.
inline constexpr milliseconds kAfterResume{3'600'000};

}  // namespace delegate::canary
