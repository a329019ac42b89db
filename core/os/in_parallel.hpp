#pragma once
#include <future>
#include <utility>

namespace delegate {

/// Starts `work` in a thread of its own. If the system has no thread left, it is done where its result is asked for:
/// the standard leaves the choice to the library, and both that we know prefer the thread.
template <class Work>
auto in_parallel(Work work) {
  return std::async(std::launch::async | std::launch::deferred, std::move(work));
}

}  // namespace delegate
