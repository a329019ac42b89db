#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "core/os/fd.hpp"
#include "core/os/file.hpp"

struct sqlite3;

// The files of a database: itself, its write-ahead log (-wal) and the index of that (-shm). SQLite opens them by name
// once, and other processes may rename or delete them at any time.
namespace delegate::sqlite {

/// Exclusive while the file is created, upgraded or renamed, so that only one process does it. Shared while it is
/// opened: SQLite finds the other two by name, so the files must not be exchanged in between.
enum class FileLock { shared, exclusive };
/// Waits for other processes. In a directory that only this user can write to, which is created if there is none.
Result<Fd> lock_file(const Path& path, FileLock kind);

/// False also if it cannot be examined. SQLite must not open a pipe, for example: it would block.
bool is_file(const Path& path);

/// Created before SQLite opens it, because SQLite gives the other two the permissions of the file itself. A device or
/// pipe would be taken for a damaged file, and renamed.
Status create_private(const Path& path);

/// Renames all three; returns the new name.
Result<std::string> rename_damaged(const Path& path);

/// Whether the names still stand for the files that a connection has open.
class FileNames {
 public:
  using WallClock = std::chrono::nanoseconds (*)();
  static std::chrono::nanoseconds system_time();
  explicit FileNames(Path path, WallClock wall = system_time) : path_(std::move(path)), wall_(wall) {}

  /// Remembers what the names stand for now. To be called before a connection opens the files, so that an exchange in
  /// between shows.
  void look();
  /// The same for a connection that has created log and index.
  void look_at_new_ones();
  bool has_companions() const { return companions_[0] != 0 && companions_[1] != 0; }
  /// An index without its log: that was removed while a process had both open, which keeps the index alive. No process
  /// could read the database with it; that one finds out with its next step.
  bool has_stale_index() const { return companions_[0] == 0 && companions_[1] != 0; }
  void remove_index();

  /// False: a name stands for another file, or for none. Most calls cost one look at the directory: as long as nothing
  /// was renamed, deleted or created in it, the names stand for what they stood for.
  bool are_unchanged(sqlite3* connection);

  /// Waits until the log is on the disk; returns its size in bytes. 0: there is none.
  Result<std::uintmax_t> sync_log() const;

 private:
  using Companions = std::array<std::uint64_t, 2>;  // inodes of -wal and -shm; 0: there is none
  /// Of a directory: what differs after any change of its entries.
  struct Entries {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::chrono::nanoseconds modified{0};
    std::chrono::nanoseconds changed{0};
    bool operator==(const Entries&) const = default;
  };
  Companions companions() const;
  std::optional<Entries> entries() const;
  std::optional<Entries> lasting_entries() const;

  Path path_;
  WallClock wall_;
  Companions companions_{};
  std::optional<Entries> seen_;  // with these the names stand for what the connection has open
};

}  // namespace delegate::sqlite
