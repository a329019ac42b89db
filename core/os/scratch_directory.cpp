#include "core/os/scratch_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

namespace delegate {
namespace {

constexpr std::string_view kBeginning = "call-";
constexpr int kTries = 100;  // one fails only if another process removes the directory right after it was made

enum class Hold { ours, others, gone, impossible };  // impossible: the file system has no locks

/// The lock is on the directory itself and ends with the process that holds it. It counts only while the directory is
/// still at its path: the last holder may have removed it between our open and our lock.
Result<Hold> take_hold(const Path& path, Fd& lock) {
  lock = Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!lock && errno == ENOENT) return Hold::gone;
  if (!lock) return fail_errno("open " + path.string(), errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK ? Hold::others : Hold::impossible;
  struct stat held {};
  struct stat there {};
  const bool is_there = ::fstat(lock.get(), &held) == 0 && ::lstat(path.c_str(), &there) == 0;
  return is_there && held.st_ino == there.st_ino && held.st_dev == there.st_dev ? Hold::ours : Hold::gone;
}

void remove_whole(const Path& directory) {
  std::error_code ignored;  // the directory is private, so a remainder does no harm
  std::filesystem::remove_all(directory, ignored);
}

}  // namespace

Result<ScratchDirectory> ScratchDirectory::create(const Path& root) {
  TRY_STATUS(make_private_directory(root));
  for (int tries = 0; tries < kTries; ++tries) {
    std::string name = (root / (std::string(kBeginning) + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) return fail_errno("create directory in " + root.string(), errno);
    Fd lock;
    const auto hold = take_hold(name, lock);
    if (hold == Hold::ours || hold == Hold::impossible) return ScratchDirectory(name, std::move(lock));
    if (hold) continue;  // its holder removes it
    remove_whole(name);
    return tl::unexpected(hold.error());
  }
  return fail(Code::unavailable, "create directory in " + root.string() + ": other processes keep removing it");
}

void ScratchDirectory::remove_abandoned(const Path& root) {
  std::error_code error;
  std::filesystem::directory_iterator entry(root, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const Path& path = entry->path();
    Fd lock;
    if (path.filename().string().starts_with(kBeginning) && take_hold(path, lock) == Hold::ours) remove_whole(path);
  }
}

ScratchDirectory::~ScratchDirectory() {
  if (!path_.empty()) remove_whole(path_);
}

}  // namespace delegate
