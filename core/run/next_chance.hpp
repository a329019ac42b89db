#pragma once
#include "core/run/ask.hpp"

namespace delegate {

/// After a run without an answer. Reads the store, and asks a local server for its models if it is the next in line.
NextChance next_chance(const Engine& engine, const Request& request, const RunResult& result,
                       const CancelToken& cancel);

}  // namespace delegate
