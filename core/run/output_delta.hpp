#pragma once
#include <optional>
#include <string>

#include "core/run/backend.hpp"

namespace delegate {

/// New output of a running attempt.
struct OutputDelta {
  bool reset = false;                // discard what was written before: the text begins again
  std::string text;                  // written since the last delta
  bool certain = false;              // the text is certainly part of the answer
  std::optional<std::string> doing;  // changed: see ParsedOutput::doing

  bool empty() const { return !reset && text.empty() && !doing; }
  /// Combines two deltas into one.
  void add(OutputDelta later);
};

/// Computes what is new in a growing ParsedOutput.
class DeltaTracker {
 public:
  OutputDelta since_last(const ParsedOutput& parsed);

 private:
  std::size_t seen_ = 0;  // bytes of the text or draft
  int drafts_ = 0;
  std::string doing_;
};

}  // namespace delegate
