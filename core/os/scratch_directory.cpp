#include "core/os/scratch_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <vector>

#include "core/os/random.hpp"

namespace delegate {
namespace {

constexpr std::string_view kBeginning = "call-";
constexpr int kTries = 100;  // one fails only if another process removes the directory right after it was made

enum class Hold { ours, others, gone, impossible };  // impossible: the file system has no locks

/// The lock is on the directory itself and ends with the process that holds it. It counts only while the directory is
/// still at its place: the last holder may have removed it between our open and our lock.
Result<Hold> take_hold(const Directory& root, const std::string& name, Fd& lock) {
  lock = Fd(::openat(root.fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!lock && errno == ENOENT) return Hold::gone;
  if (!lock) return fail_errno("open " + (root.path() / name).string(), errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK ? Hold::others : Hold::impossible;
  struct stat held {};
  struct stat there {};
  const bool is_there =
      ::fstat(lock.get(), &held) == 0 && ::fstatat(root.fd(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
  return is_there && held.st_ino == there.st_ino && held.st_dev == there.st_dev ? Hold::ours : Hold::gone;
}

/// Not to be guessed: the root may be a directory that all users share.
std::string new_name() {
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016" PRIx64, random_bits());
  return std::string(kBeginning) + hex.data();
}

std::vector<std::string> names_in(const Directory& root) {
  std::vector<std::string> names;
  Fd fd(::openat(root.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(fd ? ::fdopendir(fd.get()) : nullptr, ::closedir);
  if (!directory) return names;
  static_cast<void>(fd.release());                          // closedir closes it
  while (const dirent* entry = ::readdir(directory.get()))  // NOLINT(concurrency-mt-unsafe): a stream of its own
    if (std::string_view(entry->d_name).starts_with(kBeginning)) names.emplace_back(entry->d_name);
  return names;
}

}  // namespace

Result<ScratchDirectory> ScratchDirectory::create(Directory root) {
  for (int tries = 0; tries < kTries; ++tries) {
    std::string name = new_name();
    if (::mkdirat(root.fd(), name.c_str(), 0700) != 0) {
      if (errno == EEXIST) continue;
      return fail_errno("create directory in " + root.path().string(), errno);
    }
    Fd lock;
    const auto hold = take_hold(root, name, lock);
    if (hold == Hold::ours || hold == Hold::impossible)
      return ScratchDirectory(std::move(root), std::move(name), std::move(lock));
    if (hold) continue;  // its holder removes it
    remove_tree(root.fd(), name);
    return tl::unexpected(hold.error());
  }
  return fail(Code::unavailable, "create directory in " + root.path().string() + ": other processes keep removing it");
}

void ScratchDirectory::remove_abandoned(const Directory& root) {
  for (const std::string& name : names_in(root)) {
    Fd lock;
    if (take_hold(root, name, lock) == Hold::ours) remove_tree(root.fd(), name);
  }
}

Status ScratchDirectory::add_file(const std::string& name, const std::string& content) const {
  const Fd file(::openat(lock_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno("write " + (path() / name).string(), errno);
  return write_all(file.get(), content);
}

ScratchDirectory::~ScratchDirectory() {
  if (!name_.empty()) remove_tree(root_.fd(), name_);
}

}  // namespace delegate
