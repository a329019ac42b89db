#include "cli/setup/project.hpp"

#include <filesystem>

namespace delegate::cli::setup {

std::string project_file_of(const Editor& editor, const Path& root) {
  std::error_code ignored;  // an inaccessible file counts as missing
  const Path other = root / editor.other_project_file;
  const bool is_other = !editor.other_project_file.empty() && std::filesystem::exists(other, ignored);
  return is_other ? other.string() : (root / editor.project_file).string();
}

Path project_root(const Path& directory) {
  std::error_code ignored;                           // an inaccessible directory is no work tree
  const auto is_repository = [&](const Path& git) {  // a file in a linked work tree and in a submodule
    return std::filesystem::is_regular_file(git, ignored) || std::filesystem::exists(git / "HEAD", ignored);
  };
  for (Path at = directory;; at = at.parent_path()) {
    if (is_repository(at / ".git")) return at;
    if (at == at.parent_path()) return directory;
  }
}

}  // namespace delegate::cli::setup
