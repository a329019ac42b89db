#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/os/process_facts.hpp"

// Where a backend works that an agent asks: it may read all of that directory, and write to it with --allow-write.
namespace delegate::cli::server {

/// The directory of a call: `cwd`, if given; else the agent's project, which some agents pass in a variable; else the
/// server's directory. Absolute, without links and `..`: from here on only this path is used. Code::invalid_argument:
/// the text is no absolute path of a directory that exists.
Result<std::string> directory_for(const ProcessFacts& process, const std::string& cwd);

/// Whether the backend that is asked may read files in the directory.
enum class Reads { files, nothing };
/// Code::invalid_argument: a backend would read more than a project. `directory` is from directory_for.
Status check_directory(const ProcessFacts& process, const std::string& directory, Reads reads);

/// The home directories of this host, without links: HOME, and those of the people in /etc/passwd.
std::vector<std::filesystem::path> homes_of(const ProcessFacts& process, const std::string& passwd);

/// Why the directory is no project: "is a home directory"; empty: it may be one. Both without links.
std::string why_no_project(const std::filesystem::path& directory, const std::vector<std::filesystem::path>& homes);

}  // namespace delegate::cli::server
