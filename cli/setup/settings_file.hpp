#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/setup/editors.hpp"
#include "core/os/file.hpp"

namespace delegate::cli::setup {

/// An editor's settings on disk. Symbolic links are followed, so that a link into a dotfiles repository stays a link.
struct SettingsFile {
  Path path;                        // with links resolved
  std::optional<std::string> text;  // nothing if the file does not exist yet
};

/// With symbolic links resolved, whether the file exists or not.
Path real_path(const std::string& path);

/// Rejects a file of another user, one that is not writable, and one that is not regular, without opening it; and one
/// whose last change was interrupted.
Result<SettingsFile> open_settings(const std::string& path);

/// The text of a regular file; an error for anything else, which might never end. Nothing if there is no file.
Result<std::optional<std::string>> read_settings_file(const std::string& path);

/// Writes the file, and keeps what belongs to an existing one: see keep_and_replace(). Code::busy if it has changed
/// since it was opened.
Status save_settings(const SettingsFile& file, const std::string& text, Scope scope);

/// The directories that must be created for this file, the outermost first.
std::vector<std::string> missing_directories(const Path& path);

/// Removes a file that was created for the entry, and those of the directories that are empty then. Code::busy if it
/// has changed since it was opened.
Status remove_settings(const SettingsFile& file, const std::vector<std::string>& directories);
/// Removes those of the directories that are empty, the last one first.
void remove_empty(const std::vector<std::string>& directories);

}  // namespace delegate::cli::setup
