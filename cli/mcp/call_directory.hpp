#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/config/config.hpp"
#include "core/os/process_facts.hpp"

// Where a backend works that an agent asks: it may read all of that directory, and write to it with --allow-write.
namespace delegate::cli::server {

/// Absolute, without links and `..`: from here on only this path is used.
struct CallDirectory {
  std::string where;  // it comes from, for errors: "cwd"
  std::string path;
};
/// The directory of a call: `cwd`, if given; else the agent's project, which some agents pass in a variable; else the
/// server's directory. Code::invalid_argument: the text is no absolute path of a directory that exists.
Result<CallDirectory> directory_for(const ProcessFacts& process, const std::string& cwd);

/// Whether the backend that is asked may read files in the directory.
enum class Reads { files, nothing };
/// Code::invalid_argument: a backend would read more than a project.
Status check_directory(const ProcessFacts& process, const StateSettings& state, const CallDirectory& directory,
                       Reads reads);

/// The home directories of this host, without links: HOME, and those of the people in /etc/passwd.
std::vector<std::filesystem::path> homes_of(const ProcessFacts& process, const std::string& passwd);

/// Without links.
struct PrivatePlaces {
  std::vector<std::filesystem::path> homes;
  // In addition to the usual places in them: where links lead, and what variables and settings have moved.
  std::vector<std::filesystem::path> secrets;
  std::vector<std::filesystem::path> of_agents;  // below `worktrees` of these are projects
};
PrivatePlaces private_places(const ProcessFacts& process, const StateSettings& state, const std::string& passwd);

/// Why the directory, without links, is no project: "is a home directory"; empty: it may be one.
std::string why_no_project(const std::filesystem::path& directory, const PrivatePlaces& places);
/// The same, with the places of this host.
std::string why_no_project(const ProcessFacts& process, const StateSettings& state, const std::string& path);

}  // namespace delegate::cli::server
