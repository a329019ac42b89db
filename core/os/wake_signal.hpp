#pragma once
#include "core/os/fd.hpp"

namespace delegate {

/// Lets another process of this user wake this one out of a wait: SIGUSR1, received through a descriptor. Construct it
/// before the first thread, and before another process can know of this one: by default the signal would end it.
class WakeSignal {
 public:
  WakeSignal();

  int fd() const { return received_.get(); }  // readable: one has arrived
  void take();                                // all that have arrived
  static bool send(const Fd& pidfd);

 private:
  Fd received_;
};

}  // namespace delegate
