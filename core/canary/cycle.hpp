#pragma once
#include <functional>

#include "core/canary/record.hpp"

namespace delegate::canary {

/// What was seen in one look may just have been in the middle of a change: it counts only if a second look, this much
/// later, sees it again.
inline constexpr milliseconds kSecondLook{1'500};

struct CycleOptions {
  std::set<std::string> only = {};                     // ids; empty: all
  std::optional<milliseconds> config_changed_at = {};  // wall; when the configuration last changed
  milliseconds if_older{0};                            // does nothing if the last full cycle is not older than this
  std::function<bool(milliseconds)> pause = {};        // between the looks; true: interrupted. None: really waits
  std::function<milliseconds()> awake = {};            // none: CLOCK_MONOTONIC
};

struct CycleReport {
  milliseconds at{0};  // wall
  milliseconds took{0};
  std::string unremembered = {};  // why the store could not remember it; nothing is announced then. Empty: it does
  std::vector<InvariantResult> results;
  std::vector<Transition> transitions;

  bool is_remembered() const { return unremembered.empty(); }
  bool is_clean() const;  // nothing is violated, and every source could be read
};

/// One look at everything: checks, remembers and adds notifications for what has changed. Nothing: the last cycle is
/// recent enough.
/// Code::busy: another process of this host does the same just now. Code::unavailable: the state ends with its process.
Result<std::optional<CycleReport>> run_cycle(const ProcessFacts& process, const Engine& engine,
                                             const CycleOptions& options);

}  // namespace delegate::canary
