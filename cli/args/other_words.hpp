#pragma once
#include <string>
#include <string_view>

// What people type who know other tools.
namespace delegate::cli {

/// What to type instead of a command that other tools have, as a hint; empty: no such word is known. `words` are those
/// of one level: "login", "config set".
std::string_view instead_of(std::string_view words);

}  // namespace delegate::cli
