#include "cli/setup/project.hpp"

#include <filesystem>

namespace delegate::cli::setup {

Path project_root(const Path& directory) {
  std::error_code ignored;  // an inaccessible directory is no work tree
  for (Path at = directory;; at = at.parent_path()) {
    if (std::filesystem::exists(at / ".git", ignored)) return at;  // a file in a linked work tree and in a submodule
    if (at == at.parent_path()) return directory;
  }
}

}  // namespace delegate::cli::setup
