#pragma once
#include <set>

#include "core/inspect/host_status.hpp"
#include "core/os/cancel.hpp"

namespace delegate::inspect {

/// Can a call be answered now?
struct Health {
  HostStatus status;
  std::set<std::string> ready;      // backends that can be called now
  std::set<std::string> not_ready;  // enabled backends that cannot
  bool ok() const { return status.store.ok && status.queue.problem.empty() && !ready.empty(); }
};

/// Starts nothing; requests only the list of models from a local server.
Health health_of(const Engine& engine, const CancelToken& cancel);

}  // namespace delegate::inspect
