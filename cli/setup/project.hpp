#pragma once
#include <string>

#include "core/os/file.hpp"

namespace delegate::cli::setup {

/// The top of the git work tree around a directory; the directory itself if there is none. No program is started.
Path project_root(const Path& directory);

}  // namespace delegate::cli::setup
