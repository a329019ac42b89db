#pragma once
#include <map>
#include <string>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"

// What main does before anything else.
namespace delegate {

/// If this process is the first of its container (`docker run … delegate`), it is also init: orphans become its
/// children, and when it ends all others are killed. There it splits in two, and this function returns in the child,
/// the second process. The first one passes signals on, reaps orphans, and ends with the child's exit code (128 +
/// signal) once the background processes have ended; they get SIGTERM after `patience`, or at once if a signal asks
/// this process to end.
///
/// Anywhere else it does nothing. Call it while the process has one thread and has printed nothing. If no process is
/// available, the first process goes on alone.
void split_off_init(milliseconds patience);

/// For a process that waits for work which is to be done quickly: reads the time zone, and touches 512 kB of heap
/// ahead.
void get_ready_to_wait();

std::map<std::string, std::string> inherited_environment();

/// Gives this thread, and those that it starts, enough stack where a limit (`ulimit -s`) can be raised. An error if it
/// is too small and cannot be. System calls only, and few frames.
Status reserve_stack();

/// All threads allocate from one heap. glibc would give each thread its own: 64 MB of addresses, which count against a
/// limit of the memory (`ulimit -v`), and fresh pages, although memory for this program's few threads is at hand.
void share_one_heap();

/// Opens /dev/null for each standard stream that the caller closed, so that the next opened file (the state file, a
/// socket) does not get its number. Reading such a stdin gives nothing; writing to such an output is an error, which is
/// reported.
void reserve_standard_streams();

}  // namespace delegate
