#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/os/fd.hpp"
#include "core/os/file.hpp"

namespace delegate {

/// The same for all names of a file, as long as it exists.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

  bool operator==(const FileId&) const = default;
  bool operator<(const FileId& other) const {
    return device != other.device ? device < other.device : inode < other.inode;
  }
};

/// What is at a path below a root.
struct FileFacts {
  enum class Kind {
    absent,
    regular,
    link,
    directory,
    other,    // a device, a socket, a FIFO
    blocked,  // cannot be reached: a part of the path is a link or a file
  };
  Kind kind = Kind::absent;
  unsigned mode = 0;  // permission bits
  std::uintmax_t size = 0;
  std::string identity;  // differs once the file was changed or replaced; empty for a directory and where nothing is
  FileId id;
  /// Since the epoch. Where the file system does not know it: the last change.
  std::chrono::nanoseconds born{0};

  bool is_executable() const { return (mode & 0100u) != 0; }
};

/// The files below one directory, by paths relative to it ("a/b": no empty part, no "." and no ".."; anything else is
/// Code::invalid_argument). No link is followed below the root, so nothing outside of it is ever read or changed,
/// whatever other processes do meanwhile. Codes of errors are those of errno.
class RootedTree {
 public:
  static Result<RootedTree> open(const Path& root);

  const Path& root() const { return root_; }
  Result<FileFacts> look(const std::string& path) const;
  /// Looks at many paths: `found` gets the index of each and what is there. Fast if those of a directory follow each
  /// other.
  Status look_at(const std::vector<std::string>& paths,
                 const std::function<void(std::size_t, const FileFacts&)>& found) const;
  /// The names in a directory; "" is the root. The order is that of the file system.
  Result<std::vector<std::string>> names_in(const std::string& directory) const;
  Result<std::string> read(const std::string& path, std::size_t limit) const;

  /// A new file (or link) at `path` with the contents of `source`, a path of any place that is not below the root.
  /// `mode` 0: 0666, or 0777 if the source is executable, less the umask. Fails if something is there;
  /// after another failure a part of the file may be.
  Status copy_from(const Path& source, const std::string& path, unsigned mode = 0) const;
  Status create(const std::string& path, std::string_view content, unsigned mode) const;
  /// Takes the place of a file that is there.
  Status rename(const std::string& from, const std::string& to) const;
  Status remove(const std::string& path) const;  // not a directory
  /// Of a regular file that can be read.
  Status set_mode(const std::string& path, unsigned mode) const;
  Status remove_directory(const std::string& path) const;
  /// Could this process read the file?
  bool may_read(const std::string& path) const;
  /// Could this process remove or replace what is there? Only the directory that holds it is asked.
  bool may_change(const std::string& path) const;
  /// Creates the missing directories above `path`.
  Status make_parents(const std::string& path) const;
  /// Removes the directories above `path` that are empty.
  void remove_empty_parents(const std::string& path) const;

 private:
  struct Place {
    Fd parent;
    std::string name;
    std::string directory;  // set by look_after
  };
  RootedTree(Path root, Fd fd) : root_(std::move(root)), fd_(std::move(fd)) {}
  int walk(const std::string& path, Place& found) const;  // 0, or errno
  /// `last` is where the last path was, if there was one.
  Result<FileFacts> look_after(Place& last, const std::string& path) const;
  Result<Place> place(const std::string& path) const;
  tl::unexpected<Error> failed(const char* what, const std::string& path, int error) const;

  Path root_;
  Fd fd_;
};

/// The directory above `path`; empty: the root.
std::string parent_of(const std::string& path);

/// A moment in the clock of FileFacts::born: files that were there before the call were born before it, those that are
/// made afterwards were not. Waits for the next tick of that clock, which takes some milliseconds.
std::chrono::nanoseconds next_file_time();

}  // namespace delegate
