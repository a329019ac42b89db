#pragma once
#include <string>

#include "core/base/host_time.hpp"

namespace delegate {

/// Something that a process has while it, or what it has started, goes on: a slot, a directory to write in. Ended by
/// its holder, at the end of its span, or because its owner is dead and its processes have ended.
struct ProcessLease {
  std::string token;
  ProcessId owner;
  Span span;
  std::string tag =
      {};  // of the processes, in their DELEGATE_RUN_ID; empty: it has none, or an earlier version took it

  bool operator==(const ProcessLease&) const = default;
};

}  // namespace delegate
