#pragma once
#include <string>
#include <vector>

#include "cli/setup/survey.hpp"
#include "core/base/json.hpp"

// The survey as text for people and as JSON for scripts.
namespace delegate::cli::setup {

/// A path, for a terminal.
std::string path_text(const World& world, const std::string& path);

/// A table of the installed editors, those with delegate first, what is wrong with any of them, and the names of the
/// others; in 80 columns if the paths allow.
std::string survey_text(const World& world, const std::vector<EditorStatus>& all);
/// delegate.setup/1
OrderedJson survey_json(const std::vector<EditorStatus>& all);

}  // namespace delegate::cli::setup
