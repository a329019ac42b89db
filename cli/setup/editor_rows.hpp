#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/setup/editors.hpp"

// The rows of editors.hpp, and what several of them share.
namespace delegate::cli::setup {

std::span<const Editor> agent_rows();
std::span<const Editor> desktop_rows();

inline constexpr int kLongestCall = 3600;  // seconds; the time limit of a call in `delegate mcp`
inline constexpr int kLongestCallMs = kLongestCall * 1000;

using Names = std::vector<std::string_view>;
using Paths = std::vector<std::string>;

/// Empty if the directory is.
std::string below(const std::string& directory, std::string_view name);
/// The directory that a variable names, or the default below the home directory.
std::string directory_of(const World& world, const char* variable, std::string_view default_name);
/// The file that a variable names, or the default.
std::string file_of(const World& world, const char* variable, std::string otherwise);

/// `command` and `args`.
std::vector<Setting> plain_entry(const Server& server);
/// With a reference to each variable, `before`NAME`after`, in the object `key`, if there are any.
std::vector<Setting> with_references(std::vector<Setting> entry, const char* key, const Server& server,
                                     std::string_view before, std::string_view after);
/// NAME -> the reference to this variable.
OrderedJson references(const Server& server, std::string_view before, std::string_view after);

KeyPath mcp_servers();  // most of them use this name

}  // namespace delegate::cli::setup
