#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace delegate::cli::setup {

/// What changes, as lines that begin with - and +, with a little of what is around it. Such files hold tokens: a string
/// is shown only when it names a member or is one of `known`; comments, and all other words, are not shown.
std::string difference(std::string_view before, std::string_view after, const std::vector<std::string>& known);

/// A line of settings as it may be shown.
std::string veiled(std::string_view line, const std::vector<std::string>& known);

}  // namespace delegate::cli::setup
