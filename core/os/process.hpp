#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"

// Facts about processes, from /proc.
namespace delegate {

/// What lists of processes call this one, 15 bytes at most. What is called by the program's name may be killed by that
/// name, and one that was started as /proc/self/exe is called `exe`. A system call only: for use after a fork.
void set_process_name(const char* name);

ProcessId this_process(const std::string& boot_id);

/// False only when it is certain: another boot, or (in our pid namespace) no such pid, or the pid now belongs to a
/// later process. A zombie is dead: it can settle nothing any more.
bool is_alive(const ProcessId& process, const std::string& boot_id);

/// Processes whose environment carries `NAME=value` or `NAME=value/…` (what such a process started in its turn), this
/// one excluded; those of other users are not readable and so never listed. How descendants that left their group are
/// found.
std::vector<int> processes_tagged(const std::string& name, const std::string& value);

/// Kills (SIGKILL) all that processes_tagged finds and waits a moment for their end; looks again until none is left.
/// Returns how many it killed. An empty name or value matches nothing.
int kill_tagged(const std::string& name, const std::string& value);

/// Where `command` is: a name is looked up on `path` (as PATH), a path is taken as it is and must be absolute. Only
/// regular files that may be executed count, and only absolute directories of `path`: nothing is ever run because it
/// lies in the working directory.
std::optional<std::string> find_executable(const std::string& command, const std::string& path);

/// Where it is looked for, in this order, there or not.
std::vector<std::string> places_of_command(const std::string& command, const std::string& path);
bool is_executable_file(const std::string& path);

}  // namespace delegate
