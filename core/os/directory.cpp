#include "core/os/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace delegate {
namespace {

constexpr int kDeepest = 200;  // each level holds a descriptor while it is emptied

bool belongs_to_us(const struct stat& facts) { return facts.st_uid == ::geteuid() || ::geteuid() == 0; }

tl::unexpected<Error> not_private(const Path& path, const std::string& why, std::string hint) {
  return fail(Code::invalid_argument, path.string() + ": " + why, std::move(hint));
}

/// Through a link only if no other user owns it.
Result<Fd> open_without_strange_link(const Path& path) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  Fd fd(::open(path.c_str(), kFlags | O_NOFOLLOW));
  struct stat link {};
  const bool is_link = !fd && ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode);
  if (is_link && !belongs_to_us(link) && link.st_uid != 0)
    return not_private(path, "it is a link of another user",
                       "remove it, or set XDG_RUNTIME_DIR to a directory of yours");
  if (is_link) fd = Fd(::open(path.c_str(), kFlags));
  if (!fd) return fail_errno("open " + path.string(), errno);
  return fd;
}

/// Of a directory whose owner may not list or change it, as some tools leave theirs, the mode is changed first.
Fd open_to_empty(int parent, const char* name) {
  const Fd place(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat facts {};
  if (!place || ::fstat(place.get(), &facts) != 0) return {};
  if ((facts.st_mode & 0700u) != 0700u)
    ::chmod(("/proc/self/fd/" + std::to_string(place.get())).c_str(), (facts.st_mode & 0777u) | 0700u);
  return Fd(::openat(place.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/// With its contents emptied as far as `depth` allows.
void empty(int parent, const char* name, int depth) {
  Fd fd = open_to_empty(parent, name);
  if (!fd) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd.get()), ::closedir);
  if (!directory) return;
  const int here = fd.release();                              // closedir closes it
  while (const dirent* entry = ::readdir(directory.get())) {  // NOLINT(concurrency-mt-unsafe): a stream of its own
    const std::string_view found = entry->d_name;
    if (found == "." || found == ".." || ::unlinkat(here, entry->d_name, 0) == 0) continue;
    if (depth > 0) empty(here, entry->d_name, depth - 1);
    ::unlinkat(here, entry->d_name, AT_REMOVEDIR);
  }
}

}  // namespace

Result<Directory> Directory::open(const Path& path) {
  Fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("open " + path.string(), errno);
  return Directory(path, std::move(fd));
}

Result<Directory> Directory::open_private(const Path& path) {
  struct stat facts {};
  struct stat parent {};
  if (::stat(path.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) TRY_STATUS(make_private_directory(path));
  TRY(Fd fd, open_without_strange_link(path.has_filename() ? path : path.parent_path()));
  if (::fstat(fd.get(), &facts) != 0) return fail_errno("open " + path.string(), errno);
  if (!belongs_to_us(facts)) return not_private(path, "it belongs to another user", "use a directory of yours");
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return not_private(path, "other users can write to it", "chmod go-w " + path.string());
  if (::fstatat(fd.get(), "..", &parent, 0) != 0) return fail_errno("open " + path.string() + "/..", errno);
  if ((parent.st_mode & S_IWOTH) != 0 && (parent.st_mode & S_ISVTX) == 0)
    return not_private(path, "other users can replace it, because all can write to its parent directory",
                       "chmod o-w " + path.parent_path().string());
  return Directory(path, std::move(fd));
}

void remove_tree(int parent, const std::string& name) {
  empty(parent, name.c_str(), kDeepest);
  ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
}

}  // namespace delegate
