#pragma once

namespace delegate {

/// From now on this process and what it starts can no longer write to, create or delete files, run programs or use TCP;
/// what is open stays usable, files can be read, and sockets of the file system can be connected to. For programs that
/// parse what others have sent. By Landlock (docs.kernel.org/userspace-api/landlock.html), as far as the kernel knows
/// it: TCP from Linux 6.7 on. False: it does not at all, and nothing is confined.
bool confine_to_reading();

}  // namespace delegate
