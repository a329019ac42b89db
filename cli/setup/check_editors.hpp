#pragma once
#include "cli/setup/survey.hpp"
#include "core/inspect/finding.hpp"
#include "core/run/engine.hpp"

// The editors' part of `delegate doctor`.
namespace delegate::cli::setup {

/// Does each editor start delegate, and this one?
inspect::Findings check_editors(const World& world);
/// Backends that an editor started from the desktop may not find, because its PATH is shorter.
inspect::Findings check_editor_path(const World& world, const Engine& engine);

}  // namespace delegate::cli::setup
