#include "core/os/rooted_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <ctime>
#include <memory>
#include <thread>

#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr int kOpenDirectory = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool is_plain_path(const std::string& path) {
  if (path.find('\0') != std::string::npos) return false;
  for (const std::string_view part : split(path, '/'))
    if (part.empty() || part == "." || part == "..") return false;
  return true;
}

FileFacts::Kind kind_of_mode(unsigned mode) {
  return S_ISREG(mode)   ? FileFacts::Kind::regular
         : S_ISLNK(mode) ? FileFacts::Kind::link
         : S_ISDIR(mode) ? FileFacts::Kind::directory
                         : FileFacts::Kind::other;
}

std::string identity_of(const struct statx& facts) {
  std::string text;
  const auto add = [&text](auto number) { text += std::to_string(number) + ":"; };
  add(facts.stx_dev_major), add(facts.stx_dev_minor), add(facts.stx_ino), add(facts.stx_size), add(facts.stx_mode);
  add(facts.stx_mtime.tv_sec), add(facts.stx_mtime.tv_nsec), add(facts.stx_ctime.tv_sec), add(facts.stx_ctime.tv_nsec);
  return text;
}

FileFacts facts_from(const struct statx& facts) {
  FileFacts found;
  found.kind = kind_of_mode(facts.stx_mode);
  found.mode = facts.stx_mode & 07777u;
  found.size = facts.stx_size;
  if (found.kind != FileFacts::Kind::directory) found.identity = identity_of(facts);
  found.id = {(std::uint64_t{facts.stx_dev_major} << 32u) | facts.stx_dev_minor, facts.stx_ino};
  const auto& born = (facts.stx_mask & STATX_BTIME) != 0 ? facts.stx_btime : facts.stx_ctime;
  found.born = std::chrono::seconds(born.tv_sec) + std::chrono::nanoseconds(born.tv_nsec);
  return found;
}

constexpr int kMostTries = 100;  // a tick takes ten milliseconds at most

std::chrono::nanoseconds time_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// 0, or errno.
int copy_bytes(int from, int to) {
  std::vector<char> buffer(256u << 10);
  for (;;) {
    const ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return 0;
    if (!write_all(to, std::string_view(buffer.data(), static_cast<std::size_t>(count))))
      return errno == 0 ? EIO : errno;
  }
}

/// 0, or errno.
int copy_link(const Path& source, int parent, const char* name) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlink(source.c_str(), target.data(), target.size());
  if (size < 0) return errno;
  target.resize(static_cast<std::size_t>(size));
  return ::symlinkat(target.c_str(), parent, name) == 0 ? 0 : errno;
}

/// 0, or errno.
int copy_regular(const Path& source, int parent, const char* name, unsigned mode) {
  const Fd from(::open(source.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat facts {};
  if (!from || ::fstat(from.get(), &facts) != 0) return errno;
  const unsigned wanted = mode != 0 ? mode : (facts.st_mode & 0100u) != 0 ? 0777u : 0666u;
  const Fd to(::openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, wanted));
  if (!to) return errno;
  if (mode != 0 && ::fchmod(to.get(), mode) != 0) return errno;
  return copy_bytes(from.get(), to.get());
}

}  // namespace

std::chrono::nanoseconds next_file_time() {
  // The kernel gives a file the time of the last tick, or the exact one (since Linux 6.13), and never one of the
  // future.
  const std::chrono::nanoseconds now = time_of(CLOCK_REALTIME);
  for (int tries = 0; time_of(CLOCK_REALTIME_COARSE) <= now && tries < kMostTries; ++tries)  // it may be set back
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return now + std::chrono::nanoseconds(1);
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

Result<RootedTree> RootedTree::open(const Path& root) {
  Fd fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("open " + root.string(), errno);
  return RootedTree(root, std::move(fd));
}

tl::unexpected<Error> RootedTree::failed(const char* what, const std::string& path, int error) const {
  return fail_errno(std::string(what) + " " + (root_ / path).string(), error);
}

Result<RootedTree::Place> RootedTree::place(const std::string& path) const {
  if (!is_plain_path(path)) return fail(Code::invalid_argument, one_line(path) + ": not a path below a directory");
  Place found;
  if (const int error = walk(path, found); error != 0) return failed("open", path, error);
  return found;
}

int RootedTree::walk(const std::string& path, Place& found) const {
  found.parent = Fd(::openat(fd_.get(), ".", kOpenDirectory));
  const auto parts = split(path, '/');
  for (std::size_t i = 0; found.parent && i + 1 < parts.size(); ++i)
    found.parent = Fd(::openat(found.parent.get(), std::string(parts[i]).c_str(), kOpenDirectory));
  if (!found.parent) return errno;
  found.name = parts.back();
  return 0;
}

Result<FileFacts> RootedTree::look(const std::string& path) const {
  Place place;
  return look_after(place, path);
}

Result<FileFacts> RootedTree::look_after(Place& last, const std::string& path) const {
  if (!is_plain_path(path)) return fail(Code::invalid_argument, one_line(path) + ": not a path below a directory");
  std::string directory = parent_of(path);
  int error = 0;
  if (last.parent && last.directory == directory) {
    last.name = directory.empty() ? path : path.substr(directory.size() + 1);
  } else {
    error = walk(path, last);
    last.directory = std::move(directory);
  }
  if (error == ENOENT) return FileFacts{};
  if (error == ENOTDIR || error == ELOOP) return FileFacts{.kind = FileFacts::Kind::blocked};
  if (error != 0) return failed("look at", path, error);
  constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME;
  struct statx facts {};
  if (::statx(last.parent.get(), last.name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, kWanted, &facts) == 0)
    return facts_from(facts);
  if (errno == ENOENT) return FileFacts{};
  return failed("look at", path, errno);
}

Status RootedTree::look_at(const std::vector<std::string>& paths,
                           const std::function<void(std::size_t, const FileFacts&)>& found) const {
  Place place;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    TRY(const FileFacts facts, look_after(place, paths[i]));
    found(i, facts);
  }
  return {};
}

Result<std::vector<std::string>> RootedTree::names_in(const std::string& directory) const {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd fd;
  if (directory.empty()) {
    fd = Fd(::openat(fd_.get(), ".", kFlags));
  } else {
    TRY(const Place found, place(directory));
    fd = Fd(::openat(found.parent.get(), found.name.c_str(), kFlags));
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fd ? ::fdopendir(fd.get()) : nullptr, ::closedir);
  if (!stream) return failed("read directory", directory, errno);
  static_cast<void>(fd.release());  // closedir closes it
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe): a stream of its own
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  return names;
}

Result<std::string> RootedTree::read(const std::string& path, std::size_t limit) const {
  TRY(const Place found, place(path));
  const Fd fd(
      ::openat(found.parent.get(), found.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0) return failed("read", path, errno);
  if (!S_ISREG(facts.st_mode)) return fail(Code::invalid_argument, "read " + (root_ / path).string() + ": not a file");
  return read_all(fd.get(), limit);
}

Status RootedTree::copy_from(const Path& source, const std::string& path, unsigned mode) const {
  TRY(const Place target, place(path));
  struct stat facts {};
  if (::lstat(source.c_str(), &facts) != 0) return fail_errno("read " + source.string(), errno);
  const int parent = target.parent.get();
  const int error = S_ISLNK(facts.st_mode) ? copy_link(source, parent, target.name.c_str())
                                           : copy_regular(source, parent, target.name.c_str(), mode);
  if (error != 0) return failed("write", path, error);
  return {};
}

Status RootedTree::create(const std::string& path, std::string_view content, unsigned mode) const {
  TRY(const Place target, place(path));
  const Fd file(
      ::openat(target.parent.get(), target.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file) return failed("write", path, errno);
  return write_all(file.get(), content);
}

Status RootedTree::rename(const std::string& from, const std::string& to) const {
  TRY(const Place source, place(from));
  TRY(const Place target, place(to));
  if (::renameat(source.parent.get(), source.name.c_str(), target.parent.get(), target.name.c_str()) != 0)
    return failed("write", to, errno);
  return {};
}

Status RootedTree::remove(const std::string& path) const {
  TRY(const Place target, place(path));
  if (::unlinkat(target.parent.get(), target.name.c_str(), 0) != 0) return failed("remove", path, errno);
  return {};
}

Status RootedTree::set_mode(const std::string& path, unsigned mode) const {
  TRY(const Place target, place(path));
  const Fd file(
      ::openat(target.parent.get(), target.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) return failed("open", path, errno);
  if (!S_ISREG(facts.st_mode)) return fail(Code::invalid_argument, (root_ / path).string() + ": not a file");
  if (::fchmod(file.get(), mode) != 0) return failed("change the mode of", path, errno);
  return {};
}

Status RootedTree::remove_directory(const std::string& path) const {
  TRY(const Place target, place(path));
  if (::unlinkat(target.parent.get(), target.name.c_str(), AT_REMOVEDIR) != 0) return failed("remove", path, errno);
  return {};
}

bool RootedTree::may_read(const std::string& path) const {
  const auto found = place(path);
  return found && ::faccessat(found->parent.get(), found->name.c_str(), R_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) == 0;
}

bool RootedTree::may_change(const std::string& path) const {
  Place found;
  return is_plain_path(path) && walk(path, found) == 0 &&
         ::faccessat(found.parent.get(), ".", W_OK | X_OK, AT_EACCESS) == 0;
}

Status RootedTree::make_parents(const std::string& path) const {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string directory = path.substr(0, slash);
    TRY(const Place target, place(directory));
    if (::mkdirat(target.parent.get(), target.name.c_str(), 0777) != 0 && errno != EEXIST)
      return failed("create directory", directory, errno);
  }
  return {};
}

void RootedTree::remove_empty_parents(const std::string& path) const {
  for (std::string above = parent_of(path); !above.empty(); above = parent_of(above))
    if (!remove_directory(above)) return;
}

}  // namespace delegate
