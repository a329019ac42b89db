#pragma once
#include "core/run/ask.hpp"

// When a breaker opens, the local model will probably be needed soon: it is loaded before a call has to wait for it.
namespace delegate {

/// The local model, if this run has opened a breaker and has not used it. Nothing: no reason to load it, or disabled.
std::optional<Candidate> to_warm_up(const Engine& engine, const RunResult& result);

/// Loads the model if its server is reachable. Blocks until that is done or `load_timeout` is over; prints nothing, and
/// the breaker is not involved.
void warm_up(const Engine& engine, const Candidate& local, const CancelToken& cancel);

}  // namespace delegate
