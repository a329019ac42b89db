#pragma once
#include "cli/commands/context.hpp"
#include "cli/session.hpp"
#include "core/jobs/dispatcher.hpp"

namespace delegate::cli {

/// Background runs go on as soon as a command looks at them, even if the dispatcher was killed. Why they do not is
/// said; that the store is busy is no reason: the next look does it.
inline void keep_queue_moving(const CommandContext& context) {
  const Status ensured = jobs::ensure_dispatcher(context.world, own_command(context.world), context.engine());
  if (!ensured && ensured.error().code != Code::busy)
    context.output.note("delegate: queued runs cannot be started: " + ensured.error().what);
}

}  // namespace delegate::cli
