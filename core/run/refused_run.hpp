#pragma once
#include "core/run/ask.hpp"

namespace delegate {

/// The result of a run that asks no backend, because all its candidates are skipped: as `ask` would report it, and
/// written into the ledger like any other.
RunResult refused_run(const Engine& engine, const Request& request, std::vector<Skip> skips);

}  // namespace delegate
