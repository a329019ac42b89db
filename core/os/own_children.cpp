#include "core/os/own_children.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "core/os/fd.hpp"

namespace delegate {
namespace {

pid_t number(std::string_view text) {
  pid_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

/// Words of a file, however long it is.
std::size_t read_list(const Fd& file, std::span<pid_t> out) {
  std::array<char, 4096> buffer;
  std::size_t found = 0;
  pid_t value = 0;
  for (ssize_t count = 0; (count = ::read(file.get(), buffer.data(), buffer.size())) > 0;)
    for (const char c : std::string_view(buffer.data(), static_cast<std::size_t>(count))) {
      if (c >= '0' && c <= '9') {
        value = value * 10 + (c - '0');
      } else if (value != 0) {
        if (found == out.size()) return found;
        out[found++] = std::exchange(value, 0);
      }
    }
  return found;
}

/// The fourth field; the second, a name in parentheses, may hold anything.
pid_t parent_of(const Fd& all, const char* pid) {
  const Fd directory(::openat(all.get(), pid, O_PATH | O_DIRECTORY | O_CLOEXEC));
  const Fd file(::openat(directory.get(), "stat", O_RDONLY | O_CLOEXEC));
  std::array<char, 512> line{};
  const ssize_t count = file ? ::read(file.get(), line.data(), line.size()) : 0;
  if (count <= 0) return 0;
  const std::string_view text(line.data(), static_cast<std::size_t>(count));
  const std::size_t name_end = text.rfind(") ");
  if (name_end == std::string_view::npos || text.size() < name_end + 5) return 0;
  const std::string_view rest = text.substr(name_end + 4);
  return number(rest.substr(0, rest.find(' ')));
}

/// For kernels without CONFIG_PROC_CHILDREN.
std::size_t search_all(std::span<pid_t> out) {
  const Fd directory(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return 0;
  alignas(dirent64) std::array<char, 8192> buffer;
  const pid_t self = ::getpid();
  std::size_t found = 0;
  long size = 0;
  while ((size = ::syscall(SYS_getdents64, directory.get(), buffer.data(), buffer.size())) > 0)
    for (long at = 0; at < size && found < out.size();) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      const pid_t pid = number(entry->d_name);
      if (pid > 0 && parent_of(directory, entry->d_name) == self) out[found++] = pid;
    }
  return found;
}

}  // namespace

std::size_t own_children(std::span<pid_t> out) {
  const Fd list(::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC));
  return list ? read_list(list, out) : search_all(out);
}

}  // namespace delegate
