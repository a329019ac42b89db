#pragma once
#include "cli/host.hpp"
#include "cli/render.hpp"

namespace delegate::cli {

/// What the host knows about every configured backend, read once. Spawns nothing and writes nothing.
HostStatus status_of(const Host& host, const Config& config);

}  // namespace delegate::cli
