#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/os/rooted_tree.hpp"

// What git does not know of files, in small files of ours: fields that end in NUL, because a path may hold any other
// byte.
namespace delegate {

struct FileNote {
  FileId id;
  unsigned mode = 0;  // permission bits; 0: not a regular file
};

/// By path. That of a repository inside ends in a slash, and its id is that of its ".git".
using FileNotes = std::map<std::string, FileNote>;

/// Those of the paths that are there.
Result<FileNotes> notes_of(const RootedTree& tree, const std::vector<std::string>& paths,
                           const std::vector<std::string>& repositories);

/// Mode 0600.
Status write_notes(const Path& file, const FileNotes& notes);
/// Code::data_loss: not written by write_notes.
Result<FileNotes> read_notes(const Path& file);

/// The permission bits of a changed file on both sides; 0: it is not a regular file there.
struct ModeChange {
  unsigned before = 0;
  unsigned after = 0;
};
using ModeChanges = std::map<std::string, ModeChange>;

Status write_modes(const Path& file, const ModeChanges& modes);
Result<ModeChanges> read_modes(const Path& file);

/// The bits that are recorded: no right to run as another user.
inline constexpr unsigned kPermissions = 0777;

}  // namespace delegate
