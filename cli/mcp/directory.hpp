#pragma once
#include <string>

#include "cli/world.hpp"
#include "core/base/result.hpp"

namespace delegate::cli::server {

/// What whoever is asked may do with the directory.
enum class Reads { files, nothing };

/// Where a call works: `cwd`, that the agent named; else its project, which some agents tell in a variable; else where
/// the server is. Code::invalid_argument: it is not absolute, or it is no project (a home directory, the whole disk)
/// and somebody would read it.
Result<std::string> directory_for(const World& world, const std::string& cwd, Reads reads);

}  // namespace delegate::cli::server
