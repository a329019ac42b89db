#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace delegate::cli::setup {

/// The changed lines, marked with - and +, with some context. Settings files contain tokens, so a string is shown only
/// if it is a key or one of `known`; comments and all other words are masked.
std::string difference(std::string_view before, std::string_view after, const std::vector<std::string>& known);

/// A line of settings with everything masked that may be secret.
std::string masked(std::string_view line, const std::vector<std::string>& known);

}  // namespace delegate::cli::setup
