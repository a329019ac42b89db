#pragma once
#include <string>
#include <vector>

#include "cli/setup/survey.hpp"
#include "core/base/json.hpp"

// The survey as text for people and as JSON for scripts.
namespace delegate::cli::setup {

/// A path, for a terminal.
std::string path_text(const World& world, const std::string& path);

/// A table of the installed editors, and a line with the names of the others.
std::string survey_text(const World& world, const std::vector<EditorStatus>& all);
/// delegate.setup/1
OrderedJson survey_json(const std::vector<EditorStatus>& all);

}  // namespace delegate::cli::setup
