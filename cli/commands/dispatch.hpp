#pragma once
#include "cli/world.hpp"

namespace delegate::cli {

/// The whole program; returns its exit code.
int run_program(World& world);

}  // namespace delegate::cli
