#pragma once
#include "cli/world.hpp"
#include "core/base/result.hpp"
#include "core/os/file.hpp"

namespace delegate::cli::drill {

/// The fake of all HTTP backends: an Ollama daemon and an OpenAI-compatible server for each part of the sandbox, below
/// `/NAME`. Prints its URL, then serves on loopback until stdin ends (the drill has exited) or it is stopped.
Result<int> serve(const World& world, const Path& sandbox);

}  // namespace delegate::cli::drill
