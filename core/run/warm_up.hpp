#pragma once
#include "core/run/ask.hpp"

// When a backend breaks down, the local model is about to be needed: it is loaded before anybody waits for it.
namespace delegate {

/// The local model, when this run has opened a breaker and has not asked it. Nothing: there is no reason to load it, or
/// the person does not want that.
std::optional<Candidate> to_warm_up(const Engine& engine, const RunResult& result);

/// Has its model loaded, if its server can be reached. Blocks until that is done or `load_timeout` is over; says
/// nothing and counts nothing, however it ends.
void warm_up(const Engine& engine, const Candidate& local, const CancelToken& cancel);

}  // namespace delegate
