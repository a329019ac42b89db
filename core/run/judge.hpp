#pragma once
#include "core/run/backend.hpp"

// How did a call end? Pure. The order of the evidence is the same for every backend: a complete answer, a cancel by the
// person, a signal from outside, the backend's own structured error, a time limit, what its text says, how it exited.
namespace delegate {

Failure judge_process(const Backend& backend, const Task& task, ParsedOutput& parsed, const ChildResult& result);
Failure judge_http(const Backend& backend, const Task& task, ParsedOutput& parsed, const HttpResult& result);

/// The smallest task has a few tokens only: a model that is still thinking at their end works.
bool is_alive_at_limit(const Backend& backend, const Failure& failure);

/// The process could not be started.
Failure judge_spawn(const Error& error);

/// The failure to end an attempt with if its backend's own retries (`failed.retrying`) are pointless; nothing if they
/// may go on. Pure. `left` is the time until the attempt's limit; nothing: unlimited.
std::optional<Failure> end_of_retries(const Failure& failed, std::optional<milliseconds> left);

}  // namespace delegate
