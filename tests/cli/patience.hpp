#pragma once
#include <chrono>
#include <thread>

#include "core/base/deadline.hpp"

namespace delegate::test {

/// Ends a test that would hang; no passing test waits this long.
inline constexpr std::chrono::seconds kPatience{120};

/// Polls until `condition` holds. False: it never did.
template <class Condition>
bool eventually(Condition condition) {
  const Deadline patience = Deadline::in(kPatience);
  while (!condition()) {
    if (patience.passed()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  return true;
}

}  // namespace delegate::test
