#include "core/os/checked_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/text.hpp"
#include "core/os/fd.hpp"

namespace delegate {
namespace {

using Facts = struct stat;

bool is_own(const Facts& facts) { return facts.st_uid == ::geteuid(); }

/// Not on these: every file shows the permissions that the mount was given, and chmod changes nothing. On a
/// read-only one they mean nothing either (a ConfigMap of Kubernetes is a directory with mode 0777).
bool has_permissions(int fd) {
  constexpr std::array<std::uint32_t, 8> kWithout{0x01021997, 0x65735546, 0xFF534D42, 0xFE534D42,   // 9p fuse cifs smb
                                                  0x4D44,     0x2011BAB0, 0x5346544E, 0x7366746E};  // vfat exfat ntfs
  struct statfs kind {};
  if (::fstatfs(fd, &kind) != 0) return true;
  if ((kind.f_flags & ST_RDONLY) != 0) return false;
  return std::find(kWithout.begin(), kWithout.end(), static_cast<std::uint32_t>(kind.f_type)) == kWithout.end();
}

bool is_writable_for_all(int fd, const Facts& facts) { return (facts.st_mode & S_IWOTH) != 0 && has_permissions(fd); }

Status check_content(int fd, const Facts& facts, const Path& path) {
  if (!is_writable_for_all(fd, facts)) return {};
  return fail(Code::permission_denied, path.string() + ": every user of this machine can write to it",
              "chmod o-w " + path.string());
}

/// That its directory does not let others exchange it: a file, a directory or a link.
Status check_entry(const Path& entry) {
  const Path directory = entry.has_parent_path() ? entry.parent_path() : Path(".");
  const Fd fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Facts around{};
  Facts facts{};
  if (!fd || ::fstat(fd.get(), &around) != 0 ||
      ::fstatat(fd.get(), entry.filename().c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
    return {};
  if (!is_writable_for_all(fd.get(), around)) return {};
  if ((around.st_mode & S_ISVTX) == 0)
    return fail(
        Code::permission_denied,
        entry.string() + ": every user of this machine can replace it, because all can write to " + directory.string(),
        "chmod o-w " + directory.string());
  if (is_own(facts) || facts.st_uid == 0) return {};
  return fail(Code::permission_denied,
              entry.string() + ": another user has put it into a directory that all can write to",
              "use a directory of yours");
}

/// And neither does the directory around that.
Status check_place(const Path& path) {
  TRY_STATUS(check_entry(path));
  const Path directory = path.parent_path();
  return directory.empty() || directory == path.root_path() ? Status() : check_entry(directory);
}

/// By its name, and where it really is.
Status check_places(int fd, const Path& path) {
  TRY_STATUS(check_place(path));
  std::error_code unknown;
  const Path target = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), unknown);
  return unknown || target == path ? Status() : check_place(target);
}

/// It has no other member, as far as the files of this machine say: many systems give each user a group.
bool is_private_group(gid_t group) {
  if (group == ::geteuid()) return true;
  const std::string user = std::to_string(::geteuid());
  const std::string number = std::to_string(group);
  std::string name;
  const auto users = read_file("/etc/passwd");
  const auto groups = read_file("/etc/group");
  if (!users || !groups) return false;
  for (const std::string_view line : split(*users, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 4) continue;
    if (fields[2] == user) name = fields[0];
    else if (fields[3] == number) return false;
  }
  for (const std::string_view line : split(*groups, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() >= 4 && fields[2] == number) return fields[3].empty() || fields[3] == name;
  }
  return group == ::getegid();
}

void add_sharers(const std::string& what, const Facts& facts, std::vector<std::string>& sharers) {
  if (!is_own(facts) && facts.st_uid != 0) sharers.push_back(what + " belongs to user " + std::to_string(facts.st_uid));
  if ((facts.st_mode & S_IWGRP) != 0 && facts.st_gid != 0 && !is_private_group(facts.st_gid))
    sharers.push_back("group " + std::to_string(facts.st_gid) + " can write to " + what);
}

Result<Fd> open_file(const Path& path, int flags, Facts& facts) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd || ::fstat(fd.get(), &facts) != 0) return fail_errno("read " + path.string(), errno);
  return fd;
}

}  // namespace

Result<CheckedFile> read_checked_file(const Path& path, std::size_t limit) {
  Facts facts{};
  TRY(const Fd fd, open_file(path, O_RDONLY, facts));
  if (S_ISDIR(facts.st_mode)) return fail_errno("read " + path.string(), EISDIR);
  ::fcntl(fd.get(), F_SETFL, 0);
  CheckedFile file;
  if (S_ISREG(facts.st_mode) && facts.st_nlink > 0) {  // one without a name (memfd) has no place to be exchanged in
    TRY_STATUS(check_content(fd.get(), facts, path));
    TRY_STATUS(check_places(fd.get(), path));
    Facts around{};
    add_sharers("it", facts, file.sharers);
    const Path directory = path.has_parent_path() ? path.parent_path() : Path(".");
    if (::stat(directory.c_str(), &around) == 0) add_sharers("its directory", around, file.sharers);
  }
  auto text = read_all(fd.get(), limit);
  if (!text) return fail(text.error().code, "read " + path.string() + text.error().what.substr(4), text.error().hint);
  file.text = *std::move(text);
  return file;
}

Status check_not_open_to_all(const Path& path) {
  Facts facts{};
  const auto fd = open_file(path, O_PATH, facts);
  if (!fd || !S_ISREG(facts.st_mode)) return {};
  TRY_STATUS(check_content(fd->get(), facts, path));
  return check_places(fd->get(), path);
}

}  // namespace delegate
