#pragma once
#include <optional>
#include <string>

#include "core/os/file.hpp"
#include "core/os/process_facts.hpp"

namespace delegate {

/// A project's delegate.toml as it was found, read once: what is judged is what is used.
struct ProjectFile {
  std::string path;  // the directory's is the real one, without links
  std::string text;
  std::string ignored;  // why it does not count; empty: it does
};

struct ProjectSearch {
  std::optional<ProjectFile> file;
  std::string ended;  // why the search went no further: "/src/app is the root of its repository"
};

/// Looks for a project's file from `directory` upwards. The search ends at the root of a repository, before the home
/// directory, and before leaving a file system or entering a directory of somebody else. The first file that it meets
/// ends it, too. Such a file counts when it belongs to the person or to root and not everybody may write to it; of a
/// link, the target is judged. A group may: many systems give each person a group of their own and let it write, and
/// what a file may do without being trusted word by word is harmless. Fails when a file that counts cannot be read.
Result<ProjectSearch> search_project_file(const ProcessFacts& process, const std::string& directory);

/// This one, judged by the same rules.
Result<ProjectFile> read_project_file(const Path& path);

}  // namespace delegate
