#pragma once
#include "core/run/backend.hpp"

// How did a call end? Pure. The order of the evidence is the same for every backend: a complete answer, a cancel by the
// person, a signal from outside, the backend's own structured error, a time limit, what its text says, how it exited.
namespace delegate {

Failure judge_process(const Backend& backend, const Task& task, ParsedOutput& parsed, const ChildResult& result);
Failure judge_http(const Backend& backend, const Task& task, ParsedOutput& parsed, const HttpResult& result);

/// The process could not be started.
Failure judge_spawn(const Error& error);

}  // namespace delegate
