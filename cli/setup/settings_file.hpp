#pragma once
#include <optional>
#include <string>

#include "cli/setup/editors.hpp"
#include "core/os/file.hpp"

namespace delegate::cli::setup {

/// An editor's settings on disk. Symbolic links are followed, so that a link into a dotfiles repository stays a link.
struct SettingsFile {
  Path path;                        // with links resolved
  std::optional<std::string> text;  // nothing if the file does not exist yet
  unsigned mode = 0;
};

/// Rejects a file of another user, one that is not writable, and one that is not regular.
Result<SettingsFile> open_settings(const std::string& path, Scope scope);

/// Writes the file atomically; Code::unavailable if it has changed since it was opened.
Status save_settings(const SettingsFile& file, const std::string& text, Scope scope);

}  // namespace delegate::cli::setup
