#pragma once
#include <string>

#include "cli/setup/editors.hpp"
#include "core/os/file.hpp"

namespace delegate::cli::setup {

/// The top of the git work tree around a directory; the directory itself if there is none. No program is started.
Path project_root(const Path& directory);

/// The settings of an editor, which has some for projects, below the top of a project.
std::string project_file_of(const Editor& editor, const Path& root);

}  // namespace delegate::cli::setup
