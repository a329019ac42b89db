#pragma once
#include "core/base/deadline.hpp"

namespace delegate::notify::desktop {

/// Whatever hangs, this process is ended by a signal then; again: the new time counts. The last line of defence behind
/// the deadlines, for what cannot be given one.
void end_process_in(milliseconds time);

}  // namespace delegate::notify::desktop
