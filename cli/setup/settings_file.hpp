#pragma once
#include <optional>
#include <string>

#include "cli/setup/editors.hpp"
#include "core/os/file.hpp"

namespace delegate::cli::setup {

/// An editor's settings on disk. A link is followed, so that one into a collection of dotfiles stays one.
struct SettingsFile {
  Path path;                        // where the bytes are
  std::optional<std::string> text;  // nothing: it is not there yet
  unsigned mode = 0;
};

/// Refuses what belongs to somebody else, what may not be written, and what is no regular file.
Result<SettingsFile> open_settings(const std::string& path, Scope scope);

/// Writes it atomically, unless it has changed since it was opened: that is Code::unavailable.
Status save_settings(const SettingsFile& file, const std::string& text, Scope scope);

}  // namespace delegate::cli::setup
