#pragma once
#include <string>

#include "cli/args/describe.hpp"

// Scripts that shells read. They contain words of the tables only; what the host knows comes from `delegate complete`
// while a line is typed, and none of it is ever evaluated by the shell.
namespace delegate::cli {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

/// What `delegate complete` is asked for; empty: the shell needs no help with it.
std::string_view asked_for(Words words);
/// Of a place with fixed words.
std::vector<std::string_view> fixed_words(const OptionText& option);

/// 'text' for a POSIX shell and zsh.
std::string shell_quoted(std::string_view text);

}  // namespace delegate::cli
