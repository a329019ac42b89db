#pragma once
#include <string>
#include <vector>

#include "cli/world.hpp"
#include "core/base/result.hpp"

namespace delegate::cli::drill {

/// Behaves like the real CLI of this kind, as the drill's directory (the first argument) prescribes. The exit code.
Result<int> run_fake_backend(const World& world, const std::string& kind, std::vector<std::string> arguments);

}  // namespace delegate::cli::drill
