#pragma once
#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"
#include "core/os/fd.hpp"

// Facts about processes, most of them from /proc.
namespace delegate {

/// The name that process lists show for this process, at most 15 bytes. A program started as /proc/self/exe would show
/// as `exe`, and a helper process with the program's own name could be killed by that name. System calls only: may be
/// used after a fork.
void set_process_name(const char* name);

/// An absolute path that starts this program again: /proc/self/exe, which works even if the file was replaced since the
/// start; without /proc, the file that was started.
std::string own_executable();

/// Where the file of this program was when it was started, even if it has been replaced since. Empty if that is not
/// certain: without /proc a relative path of the start does not count, because it may lead elsewhere by now.
std::string own_file();

ProcessId this_process(const std::string& boot_id);

/// False only if it is certain: another boot, or (in our pid namespace) no such pid, or the pid belongs to a later
/// process. A zombie is dead: it will not settle anything.
bool is_alive(const ProcessId& process, const std::string& boot_id);

/// Dead, or killed: until the kernel has freed what it has, which takes some 20 ms, it is listed as alive, but none of
/// its code runs any more. Its descriptors may still be open, so what it has started may go on.
bool is_doomed(const ProcessId& process, const std::string& boot_id);

/// Refers to this process only, even if the pid is reused later. Close-on-exec.
Fd open_pidfd(pid_t pid);
bool send_signal(const Fd& pidfd, int signal);

/// Fills `out` with the children of the calling thread's process as /proc lists them, as many as fit; returns how many.
/// A hint, not a proof: children that start or end meanwhile may be missing, and /proc may belong to another pid
/// namespace, so only waitpid can say whose they are. Allocates nothing: may be used after a fork.
std::size_t own_children(std::span<pid_t> out);

/// The name of the supervisor of a call, as `ps` shows it: "run-htwmzk7.1" for a mark that ends so. It is there from
/// the fork on, so a call has a process with its mark or with this name until all that it started has ended, even while
/// the kernel exchanges the environment of one that calls exec.
std::string supervisor_name(std::string_view mark);

/// Whether a process may be one, by its name. Nothing else is called so: the end of an id follows, and an attempt's
/// number, and the name has its full length.
bool is_supervisor_name(std::string_view name);

/// Processes whose environment has `NAME=value` or `NAME=value/…` (set by a process of the run for its own children),
/// and their supervisor; except this one. Processes of other users are never listed. This finds descendants that left
/// their process group.
std::vector<int> processes_tagged(const std::string& name, const std::string& value);

/// The same for all calls of a run: those with the values `RUN.1`, `RUN.2`, …. Does one of their processes live?
bool has_processes_of_run(const std::string& name, const std::string& run);

/// Kills (SIGKILL) all whose environment has it, as processes_tagged, and waits a moment for their end; repeats until
/// none is left. Returns how many it killed. An empty name or value matches nothing.
int kill_tagged(const std::string& name, const std::string& value);

/// The file that `command` stands for: a name is looked up in `path` (as in PATH), a path must be absolute. Only
/// regular executable files count, and only absolute directories of `path`, so nothing is ever run because it is in the
/// working directory.
std::optional<std::string> find_executable(const std::string& command, const std::string& path);

/// The places where find_executable looks, in order, whether they exist or not.
std::vector<std::string> places_of_command(const std::string& command, const std::string& path);
bool is_executable_file(const std::string& path);

}  // namespace delegate
