#pragma once
#include "cli/background/leash.hpp"
#include "cli/host.hpp"

namespace delegate::cli {

/// Carries one run to its end, in its turn: see carrier.hpp. Where all who could be asked have no free slot, it waits
/// for one. `jobs` holds it and is null when the host cannot.
void carry(const World& world, const Host& host, const Request& asked, Jobs* jobs, Leash& leash);

}  // namespace delegate::cli
