#pragma once
#include <string>
#include <vector>

#include "cli/render/json.hpp"
#include "cli/setup/survey.hpp"

// The survey as people and scripts see it. Nothing is decided here.
namespace delegate::cli::setup {

/// A path, for a terminal.
std::string shown(const World& world, const std::string& path);

/// A table of those that are here, and a line with the names of the others.
std::string survey_text(const World& world, const std::vector<EditorStatus>& all);
/// delegate.setup/1
Json survey_json(const std::vector<EditorStatus>& all);

}  // namespace delegate::cli::setup
