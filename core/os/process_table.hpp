#pragma once
#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace delegate {

/// A process as /proc showed it.
struct ProcessEntry {
  pid_t pid = 0;
  pid_t parent = 0;
  std::int64_t start_time = 0;  // clock ticks since boot
  bool is_zombie = false;
  bool is_own = false;  // of this user
  std::string name;     // at most 15 bytes
  std::string tag;      // value of the variable in its environment; only of own processes that still have one

  bool operator==(const ProcessEntry&) const = default;
};

/// All processes of this pid namespace that can be read, with the value that each of this user's has for `variable`.
/// They are read one after the other, so a process that starts or ends meanwhile may be missing.
/// Code::unavailable if /proc does not list this very process.
Result<std::vector<ProcessEntry>> process_table(const std::string& variable);

/// A process above this one.
struct Ancestor {
  pid_t pid = 0;
  std::string name;
  bool leads_session = false;
};

/// From the parent up to where /proc shows none: the first process of the pid namespace, or one of another user that is
/// hidden. At most 64.
std::vector<Ancestor> ancestors();

/// The arguments and the environment of a process; empty if it has ended or belongs to another user.
std::vector<std::string> arguments_of(pid_t pid);
std::map<std::string, std::string> environment_of(pid_t pid);

/// The time of one clock tick of `start_time`.
std::int64_t clock_ticks_per_second();

}  // namespace delegate
