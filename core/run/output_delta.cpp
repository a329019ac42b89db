#include "core/run/output_delta.hpp"

#include <utility>

namespace delegate {

void OutputDelta::add(OutputDelta later) {
  if (later.reset) text.clear(), reset = true;
  text += later.text;
  certain = later.certain;
  if (later.doing) doing = std::move(later.doing);
}

OutputDelta DeltaTracker::since_last(const ParsedOutput& parsed) {
  OutputDelta delta{.certain = parsed.text_grows};
  if (!parsed.text_grows && parsed.drafts != drafts_) {
    delta.reset = seen_ > 0;
    seen_ = 0;
    drafts_ = parsed.drafts;
  }
  const std::string& written = parsed.text_grows ? parsed.text : parsed.draft;
  const std::size_t begin = parsed.text_grows ? parsed.forgotten : 0;
  if (begin + written.size() > seen_) {
    delta.text = written.substr(seen_ - begin);
    seen_ = begin + written.size();
  }
  if (parsed.doing != doing_) delta.doing = doing_ = parsed.doing;
  return delta;
}

}  // namespace delegate
