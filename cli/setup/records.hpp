#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/setup/jsonc_edit.hpp"
#include "cli/world.hpp"
#include "core/os/file.hpp"

// How a file was before the entry was added, as far as the file cannot say it itself: so that `--undo` restores it byte
// for byte. Kept in setup.json in the state directory; no settings are stored there.
namespace delegate::cli::setup {

struct FileRecord {
  bool is_created = false;               // there was no file
  std::vector<std::string> directories;  // created for it, the outermost first
  Remains remains;
};

/// Nothing if it is not known: an older delegate has added the entry, or another program. An error: setup.json is
/// damaged or cannot be read.
Result<std::optional<FileRecord>> recorded(const World& world, const Path& file);

/// Nothing instead of a record removes it. An error leaves all records as they are.
Status record(const World& world, const Path& file, const std::optional<FileRecord>& how_it_was);

}  // namespace delegate::cli::setup
