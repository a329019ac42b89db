#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/os/file.hpp"

// Signs of life of a program that prints nothing. Everything is best effort: what cannot be read is no sign.
namespace delegate {

/// What a tree of processes has done so far.
struct Activity {
  milliseconds cpu{0};                              // of all its processes, the ended ones included
  std::map<std::uint64_t, std::uint64_t> received;  // payload bytes, by the inode of a TCP socket
};

/// Of `root` and all its descendants. Reads /proc once and asks the kernel for the state of its TCP sockets: a few
/// milliseconds, so it is for rare looks only.
Activity activity_of_tree(pid_t root);

/// Did the tree work in the time between two looks?
bool shows_work(const Activity& before, const Activity& after, milliseconds between);

/// A number that changes when a file below `directory` changes whose path (below it) contains `part`. 0: there is none.
std::uint64_t trace_of_files(const Path& directory, const std::string& part);

/// The last `most` bytes of each such file that has changed at `since` (wall) or later.
std::vector<std::string> ends_of_files(const Path& directory, const std::string& part, milliseconds since,
                                       std::size_t most);

}  // namespace delegate
