#pragma once
#include <sys/types.h>

#include <optional>
#include <utility>

#include "core/base/result.hpp"
#include "core/os/child.hpp"
#include "core/os/fd.hpp"
#include "core/os/supervisor.hpp"

namespace delegate {

/// A started child: our ends of its pipes and of its supervisor's socket, all non-blocking. The destructor kills the
/// child and all its descendants if they still run.
class Spawned {
 public:
  Spawned() = default;
  Spawned(Spawned&& other) noexcept
      : control(std::move(other.control)),
        input(std::move(other.input)),
        out(std::move(other.out)),
        err(std::move(other.err)),
        supervisor_(std::exchange(other.supervisor_, 0)) {}
  Spawned& operator=(Spawned&&) = delete;
  ~Spawned();

  void own(pid_t supervisor) { supervisor_ = supervisor; }
  /// The root of all processes of the run; 0 once it is reaped.
  pid_t supervisor() const { return supervisor_; }
  void send(SupervisorCommand command) const;
  /// The next event that has arrived; nothing if there is none. At the end of the socket it is `lost`.
  std::optional<SupervisorEvent> receive();
  /// Reaps the supervisor; kills it first if it does not end within `patience`.
  void reap(milliseconds patience);

  Fd control;
  Fd input;
  Fd out;
  Fd err;

 private:
  pid_t supervisor_ = 0;
};

/// Kills all processes of the child of `spec` that have its mark, for a supervisor that was killed.
void kill_tagged_processes(const ChildSpec& spec);

/// Starts the child of `spec` under a supervisor. The errors are those of run_child.
Result<Spawned> spawn(const ChildSpec& spec);

}  // namespace delegate
