#pragma once
#include <sys/types.h>

#include <cstddef>
#include <span>

namespace delegate {

/// Fills in the children of the calling thread's process as /proc tells them, as many as there is room for; returns how
/// many. A hint, not a proof: the list may miss some that come and go meanwhile, and may be of another pid namespace,
/// so that only waitpid can say whose they are. Allocates nothing: for use after a fork.
std::size_t own_children(std::span<pid_t> out);

}  // namespace delegate
