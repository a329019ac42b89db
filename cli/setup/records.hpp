#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/setup/jsonc_edit.hpp"
#include "cli/world.hpp"
#include "core/os/file.hpp"
#include "core/os/file_lock.hpp"

// How a file was before the entry was added, as far as the file cannot say it itself: so that `--undo` restores it byte
// for byte. Kept in setup.json in the state directory; no settings are stored there.
namespace delegate::cli::setup {

struct FileRecord {
  bool is_created = false;               // there was no file
  std::vector<std::string> directories;  // created for it, the outermost first
  Remains remains;
  std::string written;  // text_mark() of the file as delegate wrote it last
};

/// Identifies a text without containing it.
std::string text_mark(std::string_view text);

/// Held around a whole change: two at once would lose records. Waits a few seconds for another one, then Code::busy. No
/// lock without a state directory or on a file system without locks.
Result<std::optional<FileLock>> lock_changes(const World& world);
/// Does another process hold that lock?
bool is_change_running(const World& world);

/// Nothing if it is not known: an older delegate has added the entry, or another program. An error: setup.json is
/// damaged or cannot be read.
Result<std::optional<FileRecord>> recorded(const World& world, const Path& file);

/// Nothing instead of a record removes it. An error leaves all records as they are.
Status record(const World& world, const Path& file, const std::optional<FileRecord>& how_it_was);

}  // namespace delegate::cli::setup
