#pragma once
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "core/os/fd.hpp"

// Real processes for tests. SQLite's locks belong to a process: a connection is opened after the fork, in the process
// that uses it, and none is open in the parent when it forks.
namespace delegate {

/// Children that wait at a gate and start together. Those still running at the end are killed.
class Children {
 public:
  Children();
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children();

  /// `body` runs in a child; what it returns is the exit code.
  void add(const std::function<int()>& body);
  void open_gate() { gate_.reset(); }
  /// Opens the gate, waits for all; their exit codes, or minus the signal that killed them.
  std::vector<int> finish();
  void kill_all();
  std::size_t count() const { return pids_.size(); }

 private:
  Fd gate_;  // closed: open
  Fd gate_wait_;
  std::vector<pid_t> pids_;
};

/// Runs `body` in a child and returns what it returns; "(died)" when it did not get that far.
std::string in_child(const std::function<std::string()>& body);

/// A message from a child to its parent.
class Whistle {
 public:
  Whistle();
  void blow() const;
  void wait() const;

 private:
  Fd read_;
  Fd write_;
};

}  // namespace delegate
