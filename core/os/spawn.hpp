#pragma once
#include <sys/types.h>

#include <optional>
#include <utility>

#include "core/base/result.hpp"
#include "core/os/child.hpp"
#include "core/os/fd.hpp"
#include "core/os/supervisor.hpp"

namespace delegate {

/// A started child and our ends of its pipes and of its supervisor's socket (all non-blocking). Destroyed before it is
/// gone, it is killed with all that descends from it.
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
  void give(Order order) const;
  /// The next tiding that has come; nothing when there is none. `lost` is the owner's own: the end of the socket.
  std::optional<Tiding> hear();
  /// Collects the supervisor; one that does not end within `patience` is killed.
  void reap(milliseconds patience);

  Fd control;
  Fd input;
  Fd out;
  Fd err;

 private:
  pid_t supervisor_ = 0;
};

/// Starts the child of `spec` under a supervisor. The errors are those of run_child.
Result<Spawned> spawn(const ChildSpec& spec);

}  // namespace delegate
