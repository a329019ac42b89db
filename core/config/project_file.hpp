#pragma once
#include <optional>
#include <string>

#include "core/os/file.hpp"
#include "core/os/process_facts.hpp"

namespace delegate {

inline constexpr std::size_t kLargestConfig = 1u << 20;  // bytes

/// A project's delegate.toml. It is read once, so that the checked content is the one that is used.
struct ProjectFile {
  std::string path;  // links in the directory are resolved
  std::string text;
  std::string ignored;  // why it is ignored; empty: it is used
};

struct ProjectSearch {
  std::optional<ProjectFile> file;
  std::string ended;  // why the search ended: "/src/app is the root of its repository"
};

/// Looks for a project's file from `directory` upwards. The search ends at the root of a repository, before the home
/// directory, and before leaving a file system or entering a directory of another user. The first file found ends it,
/// too. A file is used if it belongs to the user or to root and is not writable by everyone; for a link this is checked
/// of its target. Group write is allowed: many systems give each user a private group, and settings that do not need
/// trust are harmless. Fails if a file that would be used cannot be read.
Result<ProjectSearch> search_project_file(const ProcessFacts& process, const std::string& directory);

/// This file, checked by the same rules.
Result<ProjectFile> read_project_file(const Path& path);

}  // namespace delegate
