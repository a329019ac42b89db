#pragma once
#include <sys/types.h>

#include <utility>

#include "core/base/result.hpp"
#include "core/os/child.hpp"
#include "core/os/fd.hpp"

namespace delegate {

enum class Wait { no, until_gone };

/// A started child and our ends of its pipes (non-blocking). It leads its own session and process group, whose id is
/// its pid for as long as it has not been reaped. Destroyed unreaped, it is killed with its group and reaped.
class Spawned {
 public:
  Spawned() = default;
  Spawned(Spawned&& other) noexcept
      : pidfd(std::move(other.pidfd)),
        input(std::move(other.input)),
        out(std::move(other.out)),
        err(std::move(other.err)),
        pid_(std::exchange(other.pid_, 0)) {}
  Spawned& operator=(Spawned&&) = delete;
  ~Spawned();

  void own(pid_t pid) { pid_ = pid; }
  void disown() { pid_ = 0; }  // its pid may mean another process by now
  void signal_group(int signal) const;
  /// Collects the zombie; one that still runs and is not waited for is left to itself.
  void reap(Wait wait);

  Fd pidfd;
  Fd input;
  Fd out;
  Fd err;

 private:
  pid_t pid_ = 0;
};

/// Starts the child of `spec`. The errors are those of run_child.
Result<Spawned> spawn(const ChildSpec& spec);

}  // namespace delegate
