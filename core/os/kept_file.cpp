#include "core/os/kept_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"

namespace delegate {
namespace {

std::string backup_of(const Path& path) { return path.string() + ".delegate-backup"; }

std::string how_to_restore(const Path& path) {
  const std::string backup = shell_word(backup_of(path));
  return "to restore the old content: cat " + backup + " > " + shell_word(path.string()) +
         "; then, or if the file is complete: rm " + backup;
}

tl::unexpected<Error> interrupted(const Path& path) {
  return fail(Code::permission_denied, path.string() + ": an interrupted change left " + backup_of(path),
              how_to_restore(path));
}

tl::unexpected<Error> changed_meanwhile(const Path& path) {
  return fail(Code::busy, path.string() + ": was changed by another program meanwhile", "try again");
}

/// Is this still the content of the file?
Status unchanged(const Path& path, const std::string& before) {
  const auto now = read_file(path, kLargestKeptFile);
  return now && *now == before ? Status() : changed_meanwhile(path);
}

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

/// The names in a list of attribute_names().
std::vector<std::string> separate(const std::string& names) {
  std::vector<std::string> out;
  for (const std::string_view name : split(names, '\0'))
    if (!name.empty()) out.emplace_back(name);
  return out;
}

/// Gives the new file everything that the old one has, and no more: a directory may pass an access list on to new
/// files. False: something cannot be copied or removed.
bool copy_all(int from, int to) {
  struct stat old {};
  struct stat fresh {};
  if (::fstat(from, &old) != 0 || ::fstat(to, &fresh) != 0) return false;
  if ((old.st_uid != fresh.st_uid || old.st_gid != fresh.st_gid) && ::fchown(to, old.st_uid, old.st_gid) != 0)
    return false;
  std::string old_names;
  std::string fresh_names;
  if (!attribute_names(from, old_names) || !attribute_names(to, fresh_names)) return false;
  const std::vector<std::string> wanted = separate(old_names);
  for (const std::string& name : separate(fresh_names))
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end() && ::fremovexattr(to, name.c_str()) != 0)
      return false;
  for (const std::string& name : wanted)
    if (!copy_attribute(from, to, name.c_str())) return false;
  return ::fchmod(to, old.st_mode & 07777U) == 0;  // last: until then the file is private
}

Status write_and_sync(int fd, const std::string& content, const Path& path) {
  if (Status written = write_all(fd, content); !written)
    return fail(written.error().code, path.string() + ": " + written.error().what);
  if (::fsync(fd) != 0) return fail_errno("write " + path.string(), errno);
  return {};
}

/// What a replacement came to.
enum class Replacement { done, must_write_in_place };

Result<Replacement> replace(int old, const Path& path, const std::string& before, const std::string& content) {
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
  if (Status same = unchanged(path, before); !same) return give_up(Result<Replacement>(tl::unexpected(same.error())));
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

/// Makes a new name in a directory last. A directory that cannot be opened or synced has no better way.
void sync_directory_of(const Path& path) {
  const Fd directory(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) ::fsync(directory.get());
}

/// Reserves blocks and leaves size and content alone. No error where the file system cannot do that.
Status reserve(int fd, const Path& path, std::size_t size) {
  if (size == 0) return {};
  int error = EINTR;
  while (error == EINTR) error = ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) == 0 ? 0 : errno;
  if (error == 0 || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL) return {};
  return fail_errno("write " + path.string(), error);
}

Status write_in_place(const Path& path, const std::string& before, const std::string& content) {
  const std::string backup = backup_of(path);
  const Fd saved(::open(backup.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!saved && errno == EEXIST) return interrupted(path);
  if (!saved) return fail_errno("write " + backup, errno);
  const auto finish = [&](Status result) {
    ::unlink(backup.c_str());
    return result;
  };
  if (Status written = write_and_sync(saved.get(), before, backup); !written) return finish(std::move(written));
  sync_directory_of(path);
  const Fd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return finish(fail_errno("write " + path.string(), errno));
  if (Status room = reserve(file.get(), path, content.size()); !room) return finish(std::move(room));
  if (Status same = unchanged(path, before); !same) return finish(std::move(same));
  Status written = overwrite(file.get(), path, content);
  if (written || overwrite(file.get(), path, before)) return finish(std::move(written));
  return fail(written.error().code, written.error().what + "; its old content is in " + backup, how_to_restore(path));
}

/// rename() that never replaces a file.
int rename_new(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;  // the file system does not have it
  if (::link(from, to) != 0) return errno;
  return ::unlink(from) == 0 ? 0 : errno;
}

}  // namespace

Status no_interrupted_change(const Path& path) {
  struct stat ignored {};
  return ::lstat(backup_of(path).c_str(), &ignored) == 0 ? interrupted(path) : Status();
}

Status keep_and_replace(const Path& path, const std::string& before, const std::string& content) {
  TRY_STATUS(no_interrupted_change(path));
  const Fd old(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!old) return fail_errno("read " + path.string(), errno);
  struct stat facts {};
  if (::fstat(old.get(), &facts) != 0) return fail_errno("read " + path.string(), errno);
  if (facts.st_nlink == 1) {
    TRY(const Replacement outcome, replace(old.get(), path, before, content));
    if (outcome == Replacement::done) return {};
  }
  return write_in_place(path, before, content);
}

Status create_file(const Path& path, const std::string& content, unsigned mode) {
  std::string name = path.string() + ".XXXXXX";
  const Fd fresh(::mkostemp(name.data(), O_CLOEXEC));
  if (!fresh) return fail_errno("write " + path.string(), errno);
  const auto give_up = [&](auto error) {
    ::unlink(name.c_str());
    return error;
  };
  if (::fchmod(fresh.get(), mode) != 0) return give_up(fail_errno("write " + path.string(), errno));
  if (Status written = write_and_sync(fresh.get(), content, path); !written)
    return give_up(tl::unexpected(written.error()));
  const int error = rename_new(name.c_str(), path.c_str());
  if (error == 0) return {};
  return give_up(error == EEXIST ? changed_meanwhile(path) : fail_errno("write " + path.string(), error));
}

Status remove_unchanged(const Path& path, const std::string& before) {
  // Under a name of its own no other program writes to it between the comparison and the removal.
  std::string name = path.string() + ".XXXXXX";
  const Fd reserved(::mkostemp(name.data(), O_CLOEXEC));
  if (!reserved) return fail_errno("remove " + path.string(), errno);
  if (::rename(path.c_str(), name.c_str()) != 0) {
    const int error = errno;
    ::unlink(name.c_str());
    return fail_errno("remove " + path.string(), error);
  }
  if (const Status same = unchanged(name, before)) {
    if (::unlink(name.c_str()) != 0) return fail_errno("remove " + name, errno);
    return {};
  }
  if (rename_new(name.c_str(), path.c_str()) == 0) return changed_meanwhile(path);
  return fail(Code::busy, path.string() + ": was changed by another program meanwhile; its old content is in " + name,
              "compare the two files, then remove one");
}

}  // namespace delegate
