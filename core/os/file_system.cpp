#include "core/os/file_system.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace delegate {
namespace {

struct Kind {
  std::uint32_t magic;  // statfs(2)
  const char* name;
  bool is_remote;
};
constexpr std::array kKinds{
    Kind{0x6969, "nfs", true},        Kind{0xFF534D42, "cifs", true},   Kind{0xFE534D42, "smb", true},
    Kind{0x517B, "smb", true},        Kind{0x01021997, "9p", true},     Kind{0x00C36400, "ceph", true},
    Kind{0x5346414F, "afs", true},    Kind{0x65735546, "fuse", true},   Kind{0x0BD00BD0, "lustre", true},
    Kind{0x01021994, "tmpfs", false}, Kind{0x858458F6, "ramfs", false},
};

}  // namespace

Result<FileSystem> file_system_of(const Path& path) {
  struct statfs kind {};
  struct statvfs room {};
  if (::statfs(path.c_str(), &kind) != 0 || ::statvfs(path.c_str(), &room) != 0)
    return fail_errno(path.string(), errno);
  FileSystem out{.free = static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize};
  const auto magic = static_cast<std::uint32_t>(kind.f_type);
  const auto known = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& one) { return one.magic == magic; });
  if (known == kKinds.end()) return out;
  out.name = known->name;
  out.is_remote = known->is_remote;
  out.is_memory = !known->is_remote;
  return out;
}

Result<FileMode> file_mode(const Path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return fail_errno(path.string(), errno);
  return FileMode{.is_own = facts.st_uid == ::geteuid(), .permissions = facts.st_mode & 07777U};
}

std::optional<std::chrono::milliseconds> last_changed(const Path& path) {
  const auto since_epoch = [](const timespec& time) {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::seconds(time.tv_sec) +
                                                         std::chrono::nanoseconds(time.tv_nsec));
  };
  struct stat facts {};
  // Not the time of modification: a copy, or a file that was moved here, may have kept an older one.
  const bool is_there = ::stat(path.c_str(), &facts) == 0;
  const auto of_file = since_epoch(facts.st_ctim);
  const bool is_listed = ::lstat(path.c_str(), &facts) == 0;
  const auto of_link = since_epoch(facts.st_ctim);
  if (is_there && is_listed) return std::max(of_file, of_link);
  if (is_listed) return of_link;
  if (::stat(path.parent_path().c_str(), &facts) != 0) return std::nullopt;
  return since_epoch(facts.st_mtim);
}

}  // namespace delegate
