#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "core/os/file.hpp"

namespace delegate {

/// The process that holds a write lock (fcntl) on this byte of a file, from /proc/locks: asking the file itself would
/// release our own locks on it. Nothing: no process does, or it cannot be known.
std::optional<pid_t> holder_of_write_lock(const Path& file, std::uint64_t byte);

}  // namespace delegate
