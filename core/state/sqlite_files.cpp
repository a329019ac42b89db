#include "core/state/sqlite_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "core/base/duration.hpp"
#include "core/os/directory.hpp"
#include "core/state/sqlite_database.hpp"

namespace delegate::sqlite {

using namespace std::chrono_literals;

namespace {

constexpr std::array<const char*, 2> kCompanions{"-wal", "-shm"};  // files beside the database
constexpr milliseconds kLongestRepair = 10s;             // other processes create or replace the file within this time
constexpr std::chrono::nanoseconds kCoarsestClock = 3s;  // some file systems count in steps of two seconds

std::chrono::nanoseconds duration_of(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Without symbolic links in it, which SQLite resolves: the files are in the directory that `path` names.
bool is_name_of_open_file(sqlite3* connection, const Path& path) {
  const char* opened = sqlite3_db_filename(connection, "main");
  return opened != nullptr && path == opened;
}

}  // namespace

Result<Fd> lock_file(const Path& path, FileLock kind) {
  TRY(const Directory directory, Directory::open_private(path.parent_path()));
  const std::string name = path.string() + ".lock";
  const std::string file = path.filename().string() + ".lock";
  Fd fd(::openat(directory.fd(), file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) {
    const Code code = errno == EACCES || errno == EROFS ? Code::permission_denied : Code::unavailable;
    return fail(code, name + ": cannot be opened: " + errno_text(errno));
  }
  const int operation = (kind == FileLock::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  const auto give_up = std::chrono::steady_clock::now() + kLongestRepair;
  while (::flock(fd.get(), operation) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return fail(Code::unavailable, name + ": cannot be locked: " + errno_text(errno));
    if (std::chrono::steady_clock::now() > give_up)
      return fail(Code::busy, name + ": another process has held it for " + format_duration(kLongestRepair));
    std::this_thread::sleep_for(1ms);
  }
  return fd;
}

bool is_file(const Path& path) {
  std::error_code unknown;
  return std::filesystem::is_regular_file(path, unknown);
}

/// A file that is there is not opened: closing it would end the locks that another connection of this process has.
Status create_private(const Path& path) {
  if (is_file(path)) return {};
  struct stat facts {};
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600));
  if (fd && ::fstat(fd.get(), &facts) == 0 && !S_ISREG(facts.st_mode))
    return fail(Code::invalid_argument, path.string() + ": not a regular file", "set state.path to a file of its own");
  if (!fd && errno != EACCES && errno != EROFS)
    return fail(Code::unavailable, path.string() + ": cannot be opened: " + errno_text(errno));
  return {};
}

Result<std::string> rename_damaged(const Path& path) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string renamed =
      path.string() + ".damaged-" + std::to_string(std::chrono::duration_cast<milliseconds>(now).count());
  if (::rename(path.c_str(), renamed.c_str()) != 0)
    return fail(Code::data_loss, path.string() + ": damaged, and cannot be renamed: " + errno_text(errno));
  for (const char* companion : kCompanions)
    ::rename((path.string() + companion).c_str(), (renamed + companion).c_str());
  return renamed;
}

std::chrono::nanoseconds FileNames::system_time() { return std::chrono::system_clock::now().time_since_epoch(); }

void FileNames::look() {
  seen_ = lasting_entries();
  companions_ = companions();
}

void FileNames::look_at_new_ones() {
  seen_.reset();
  companions_ = companions();
}

void FileNames::remove_index() { ::unlink((path_.string() + kCompanions[1]).c_str()); }

FileNames::Companions FileNames::companions() const {
  Companions found{};
  for (std::size_t i = 0; i < found.size(); ++i) {
    struct stat facts {};
    if (::stat((path_.string() + kCompanions[i]).c_str(), &facts) == 0) found[i] = facts.st_ino;
  }
  return found;
}

std::optional<FileNames::Entries> FileNames::entries() const {
  struct stat facts {};
  if (::stat(path_.parent_path().c_str(), &facts) != 0) return std::nullopt;
  return Entries{.device = facts.st_dev,
                 .inode = facts.st_ino,
                 .modified = duration_of(facts.st_mtim),
                 .changed = duration_of(facts.st_ctim)};
}

/// Nothing if a change in the same moment of the file system's clock might not show.
std::optional<FileNames::Entries> FileNames::lasting_entries() const {
  const auto now = wall_();
  auto found = entries();
  if (found && std::max(found->modified, found->changed) >= now - kCoarsestClock) found.reset();
  return found;
}

/// SQLite has no locks on the log itself that closing it would end: they are on its index.
Result<std::uintmax_t> FileNames::sync_log() const {
  const std::string name = path_.string() + kCompanions[0];
  const Fd log(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat facts {};
  if (!log && errno == ENOENT) return 0;
  if (!log || ::fstat(log.get(), &facts) != 0 || ::fdatasync(log.get()) != 0)
    return fail(Code::unavailable, name + ": cannot be synced: " + errno_text(errno));
  return static_cast<std::uintmax_t>(facts.st_size);
}

/// Log and index exist together, or not at all where there is no write-ahead log. The directory is looked at first, so
/// that what changes meanwhile shows in the next call.
bool FileNames::are_unchanged(sqlite3* connection) {
  const bool shows_all = is_name_of_open_file(connection, path_);
  auto found = lasting_entries();
  if (shows_all && found && found == seen_) return true;
  seen_.reset();
  int has_moved = 0;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
  const Companions names = companions();
  if (has_moved != 0 || names != companions_ || (names[0] == 0) != (names[1] == 0)) return false;
  if (shows_all) seen_ = found;
  return true;
}

}  // namespace delegate::sqlite
