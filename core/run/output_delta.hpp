#pragma once
#include <optional>
#include <string>

#include "core/run/backend.hpp"

namespace delegate {

/// What an attempt has to tell while it runs.
struct OutputDelta {
  bool reset = false;    // what was told before is void: the text begins again
  std::string text;      // written since the last news
  bool certain = false;  // the text is part of the answer, whatever follows
  std::optional<std::string> doing;

  bool empty() const { return !reset && text.empty() && !doing; }
  /// As if both had come at once.
  void add(OutputDelta later);
};

/// Turns a growing ParsedOutput into news: what is new since it was last looked at.
class DeltaTracker {
 public:
  OutputDelta since_last(const ParsedOutput& parsed);

 private:
  std::size_t told_ = 0;  // bytes of the text or draft
  int drafts_ = 0;
  std::string doing_;
};

}  // namespace delegate
