#pragma once
#include <set>

#include "core/inspect/host_status.hpp"
#include "core/os/cancel.hpp"

namespace delegate::inspect {

/// Can a request be answered now?
struct Health {
  HostStatus status;
  std::set<std::string> ready;      // whom a question can go to now
  std::set<std::string> not_ready;  // … or could, were they not
  int waiting = 0;
  int running = 0;
  int pending = 0;
  bool ok() const { return status.store.ok && !ready.empty(); }
};

/// Starts nothing, and asks a local server only for its list of models.
Health health_of(const Engine& engine, const CancelToken& cancel);

}  // namespace delegate::inspect
