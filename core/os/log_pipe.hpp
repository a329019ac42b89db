#pragma once
#include "core/base/result.hpp"
#include "core/os/fd.hpp"
#include "core/os/file.hpp"

namespace delegate {

/// Creates a named pipe at `path` for a program that only accepts the path of a file for its log. What it writes can be
/// read at once and is never on the disk, and the log cannot grow. The descriptor is non-blocking and never at its end.
/// It must be read while the program runs, or the program's writes will block.
Result<Fd> make_log_pipe(const Path& path);

}  // namespace delegate
