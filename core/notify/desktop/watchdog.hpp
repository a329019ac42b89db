#pragma once
#include "core/base/deadline.hpp"

namespace delegate::notify::desktop {

/// Ends this process by SIGALRM after this time; a second call replaces the first. The last resort for calls that take
/// no deadline.
void end_process_in(milliseconds time);

}  // namespace delegate::notify::desktop
