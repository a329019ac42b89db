#include "core/os/log_pipe.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace delegate {
namespace {

/// Writes of several threads stay whole as long as there is room.
constexpr int kRoom = 1 << 20;

}  // namespace

Result<Fd> make_log_pipe(const Path& path) {
  if (::mkfifo(path.c_str(), S_IRUSR | S_IWUSR) != 0) return fail_errno("create pipe " + path.string(), errno);
  // Also open for writing: otherwise there is an end whenever no writer is there, and poll returns at once.
  Fd pipe(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (!pipe) return fail_errno("open pipe " + path.string(), errno);
  static_cast<void>(::fcntl(pipe.get(), F_SETPIPE_SZ, kRoom));  // refused to users with many large pipes
  return pipe;
}

}  // namespace delegate
