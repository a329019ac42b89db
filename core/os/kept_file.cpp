#include "core/os/kept_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace delegate {
namespace {

constexpr const char* kBackup = ".delegate-backup";

/// Null-terminated names, one after the other; nothing if they cannot be listed. A file system without them has none.
bool attribute_names(int fd, std::string& names) {
  const ssize_t size = ::flistxattr(fd, nullptr, 0);
  if (size < 0) return errno == ENOTSUP;
  names.resize(static_cast<std::size_t>(size));
  const ssize_t count = ::flistxattr(fd, names.data(), names.size());
  if (count < 0) return false;
  names.resize(static_cast<std::size_t>(count));
  return true;
}

bool copy_attribute(int from, int to, const char* name) {
  const ssize_t size = ::fgetxattr(from, name, nullptr, 0);
  if (size < 0) return false;
  std::string value(static_cast<std::size_t>(size), '\0');
  const ssize_t count = ::fgetxattr(from, name, value.data(), value.size());
  if (count < 0) return false;
  value.resize(static_cast<std::size_t>(count));
  if (::fsetxattr(to, name, value.data(), value.size(), 0) == 0) return true;
  std::string there(value.size() + 1, '\0');  // the label that a new file gets anyway may be the same
  const ssize_t same = ::fgetxattr(to, name, there.data(), there.size());
  return same == count && there.compare(0, value.size(), value) == 0;
}

/// Gives the new file everything that the old one has. False: something cannot be copied.
bool copy_all(int from, int to) {
  struct stat old {};
  struct stat fresh {};
  if (::fstat(from, &old) != 0 || ::fstat(to, &fresh) != 0) return false;
  if ((old.st_uid != fresh.st_uid || old.st_gid != fresh.st_gid) && ::fchown(to, old.st_uid, old.st_gid) != 0)
    return false;
  if (::fchmod(to, old.st_mode & 07777U) != 0) return false;
  std::string names;
  if (!attribute_names(from, names)) return false;
  for (std::size_t at = 0; at < names.size(); at += std::char_traits<char>::length(names.c_str() + at) + 1)
    if (!copy_attribute(from, to, names.c_str() + at)) return false;
  return true;
}

Status write_and_sync(int fd, const std::string& content, const Path& path) {
  if (Status written = write_all(fd, content); !written)
    return fail(written.error().code, path.string() + ": " + written.error().what);
  if (::fsync(fd) != 0) return fail_errno("write " + path.string(), errno);
  return {};
}

/// What a replacement came to.
enum class Replacement { done, must_write_in_place };

Result<Replacement> replace(int old, const Path& path, const std::string& content) {
  std::string name = path.string() + ".XXXXXX";
  const Fd fresh(::mkostemp(name.data(), O_CLOEXEC));
  if (!fresh) return fail_errno("write " + path.string(), errno);
  const auto give_up = [&](auto result) {
    ::unlink(name.c_str());
    return result;
  };
  if (Status written = write_and_sync(fresh.get(), content, path); !written)
    return give_up(Result<Replacement>(tl::unexpected(written.error())));
  if (!copy_all(old, fresh.get())) return give_up(Result<Replacement>(Replacement::must_write_in_place));
  if (::rename(name.c_str(), path.c_str()) == 0) return Replacement::done;
  const int error = errno;
  if (error == EBUSY) return give_up(Result<Replacement>(Replacement::must_write_in_place));  // a mount point
  return give_up(Result<Replacement>(fail_errno("write " + path.string(), error)));
}

Status overwrite(int fd, const Path& path, const std::string& content) {
  if (::lseek(fd, 0, SEEK_SET) != 0) return fail_errno("write " + path.string(), errno);
  if (Status written = write_all(fd, content); !written)
    return fail(written.error().code, path.string() + ": " + written.error().what);
  if (::ftruncate(fd, static_cast<off_t>(content.size())) != 0 || ::fsync(fd) != 0)
    return fail_errno("write " + path.string(), errno);
  return {};
}

Status write_in_place(const Path& path, const std::string& before, const std::string& content) {
  const std::string backup = path.string() + kBackup;
  const Fd saved(::open(backup.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!saved && errno == EEXIST)
    return fail(Code::unavailable, backup + ": exists: a change was interrupted while it wrote",
                "it has the content from before; compare, then remove it");
  if (!saved) return fail_errno("write " + backup, errno);
  const auto finish = [&](Status result) {
    ::unlink(backup.c_str());
    return result;
  };
  if (Status written = write_and_sync(saved.get(), before, backup); !written) return finish(std::move(written));
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return finish(fail_errno("write " + path.string(), errno));
  const auto size = static_cast<off_t>(content.size());
  const int error = size == 0 ? 0 : ::posix_fallocate(file.get(), 0, size);
  if (error != 0 && error != EOPNOTSUPP && error != EINVAL) {
    if (::ftruncate(file.get(), static_cast<off_t>(before.size())) != 0)
      return fail_errno("write " + path.string(), errno);
    return finish(fail_errno("write " + path.string(), error));
  }
  Status written = overwrite(file.get(), path, content);
  if (written) return finish(std::move(written));
  if (!overwrite(file.get(), path, before)) return written;  // the backup stays
  return finish(std::move(written));
}

}  // namespace

Status keep_and_replace(const Path& path, const std::string& before, const std::string& content) {
  const Fd old(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!old) return fail_errno("read " + path.string(), errno);
  struct stat facts {};
  if (::fstat(old.get(), &facts) != 0) return fail_errno("read " + path.string(), errno);
  if (facts.st_nlink == 1) {
    TRY(const Replacement outcome, replace(old.get(), path, content));
    if (outcome == Replacement::done) return {};
  }
  return write_in_place(path, before, content);
}

}  // namespace delegate
