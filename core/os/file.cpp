#include "core/os/file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "core/os/fd.hpp"

namespace delegate {
namespace {

/// Waits for a non-blocking descriptor, too: another process may have made a shared terminal non-blocking.
void wait_until_ready(int fd, short events) {
  pollfd entry{fd, events, 0};
  ::poll(&entry, 1, -1);
}

bool should_retry(int fd, short events) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
  wait_until_ready(fd, events);
  return true;
}

/// Opens for reading. A FIFO without a writer must not block the open, so it starts non-blocking.
Result<Fd> open_to_read(const Path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return fail_errno("read " + path.string(), errno);
  struct stat facts {};
  if (::fstat(fd.get(), &facts) == 0 && S_ISDIR(facts.st_mode)) return fail_errno("read " + path.string(), EISDIR);
  ::fcntl(fd.get(), F_SETFL, 0);
  return fd;
}

Status write_and_rename(Fd temporary, const std::string& name, const Path& path, const std::string& content) {
  if (Status written = write_all(temporary.get(), content); !written) {
    written.error().what.insert(std::string_view("write").size(), " " + path.string());
    return written;
  }
  if (::close(temporary.release()) != 0) return fail_errno("write " + path.string(), errno);
  if (::rename(name.c_str(), path.c_str()) != 0) return fail_errno("write " + path.string(), errno);
  return {};
}

}  // namespace

Result<std::string> read_all(int fd, std::size_t limit) {
  std::string content;
  std::size_t size = 0;
  for (;;) {
    if (size == content.size()) content.resize(std::max<std::size_t>(4u << 10, size * 2));
    const ssize_t count = ::read(fd, content.data() + size, content.size() - size);
    if (count < 0 && should_retry(fd, POLLIN)) continue;
    if (count < 0) return fail_errno("read", errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
    if (size > limit) return fail(Code::invalid_argument, "read: more than " + std::to_string(limit) + " bytes");
  }
  content.resize(size);
  return content;
}

Result<Fd> make_memory_file(const char* name) {
  Fd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file) return fail_errno("a file in memory", errno);
  return file;
}

std::string read_memory_file(const Fd& file, std::size_t most) {
  std::string text(most, '\0');
  const ssize_t count = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return text;
}

Status write_all(int fd, std::string_view bytes) {
  const NoSigpipe no_sigpipe;
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && should_retry(fd, POLLOUT)) continue;
    if (count < 0) return fail_errno("write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Status write_all(int fd, std::string_view bytes, const CancelToken& cancel) {
  while (!bytes.empty()) {
    pollfd waited[] = {{fd, POLLOUT, 0}, {cancel.fd(), POLLIN, 0}};
    if (::poll(waited, 2, -1) < 0 && errno != EINTR) return fail_errno("write", errno);
    if (cancel.cancelled()) return fail(Code::cancelled, "interrupted while writing");
    if (waited[0].revents == 0) continue;
    // A pipe that has room takes this much without blocking.
    const std::string_view piece = bytes.substr(0, PIPE_BUF);
    TRY_STATUS(write_all(fd, piece));
    bytes.remove_prefix(piece.size());
  }
  return {};
}

Result<std::string> read_file(const Path& path, std::size_t limit) {
  TRY(const Fd fd, open_to_read(path));
  auto content = read_all(fd.get(), limit);
  if (content) return content;
  Error error = std::move(content).error();
  error.what.insert(std::string_view("read").size(), " " + path.string());
  return tl::unexpected(std::move(error));
}

std::vector<Path> files_named(const std::string& name, const Path& directory) {
  std::vector<Path> found;
  std::error_code error;
  const auto look_at = [&](const Path& path) {
    if (std::filesystem::is_regular_file(path, error)) found.push_back(path);
  };
  look_at(directory / name);
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
    look_at(entry->path() / name);
  return found;
}

Status make_private_directory(const Path& path) {
  const Path name = path.has_filename() ? path : path.parent_path();  // without a trailing slash
  if (::mkdir(name.c_str(), 0700) == 0) return {};
  if (errno == ENOENT && name.has_parent_path() && name.parent_path() != name) {
    TRY_STATUS(make_private_directory(name.parent_path()));
    if (::mkdir(name.c_str(), 0700) == 0) return {};
  }
  const int error = errno;
  struct stat facts {};
  if (error == EEXIST && ::stat(name.c_str(), &facts) == 0) {
    if (S_ISDIR(facts.st_mode)) return {};
    return fail_errno("create directory " + name.string(), ENOTDIR);
  }
  return fail_errno("create directory " + name.string(), error);
}

Status write_private_file(const Path& path, const std::string& content) {
  if (const auto there = read_file(path, content.size()); there && *there == content) return {};
  return replace_file(path, content, 0600);
}

Status replace_file(const Path& path, const std::string& content, unsigned mode) {
  std::string name = path.string() + ".XXXXXX";
  Fd temporary(::mkostemp(name.data(), O_CLOEXEC));  // 0600 by definition
  if (!temporary) return fail_errno("write " + path.string(), errno);
  if (mode != 0600 && ::fchmod(temporary.get(), mode) != 0) {
    const int error = errno;
    ::unlink(name.c_str());
    return fail_errno("write " + path.string(), error);
  }
  Status written = write_and_rename(std::move(temporary), name, path, content);
  if (!written) ::unlink(name.c_str());
  return written;
}

std::string file_identity(const Path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return path.string();
  return path.string() + "\n" + std::to_string(facts.st_ino) + "/" + std::to_string(facts.st_size) + "/" +
         std::to_string(facts.st_mtim.tv_sec);
}

}  // namespace delegate
