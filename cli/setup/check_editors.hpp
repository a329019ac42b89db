#pragma once
#include "cli/setup/survey.hpp"
#include "core/inspect/finding.hpp"
#include "core/run/engine.hpp"

// The checks of `delegate doctor` about editors.
namespace delegate::cli::setup {

/// Does each editor of a survey start delegate, and is it this program?
inspect::Findings check_editors(const World& world, const std::vector<EditorStatus>& editors);
/// Backends that an editor started from the desktop may not find, because its PATH is shorter.
inspect::Findings check_editor_path(const std::vector<EditorStatus>& editors, const Engine& engine);

}  // namespace delegate::cli::setup
