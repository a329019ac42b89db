#pragma once
#include "core/run/backend.hpp"

// How did a call end? Pure. The order of the evidence is the same for every backend: the complete answer, the
// person's cancel, a foreign signal, the backend's own structured error, our clocks, what its text says, how it exited.
namespace delegate {

Failure judge_process(const Backend& backend, const Task& task, ParsedOutput& parsed, const ChildResult& result);
Failure judge_http(const Backend& backend, const Task& task, ParsedOutput& parsed, const HttpResult& result);

/// Nothing could be started.
Failure judge_spawn(const Error& error);

}  // namespace delegate
