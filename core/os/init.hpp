#pragma once
#include "core/base/deadline.hpp"

namespace delegate {

/// Where this process is the first of its container (`docker run … delegate`), it is init, too: whatever loses its
/// parent becomes its child, and with its end all others are killed. So it splits in two there, and this returns in the
/// child, the second process. The first passes signals on, collects who has ended, and goes with the child's exit code
/// (128 + signal), once those that work in the background have come to their end, are told by SIGTERM after `patience`,
/// or a signal says that nobody wants to wait for them.
///
/// Anywhere else it does nothing. To be called while the process has one thread and has printed nothing. Without room
/// for another process the first one goes on alone.
void split_off_init(milliseconds patience);

}  // namespace delegate
