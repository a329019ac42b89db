#pragma once
#include <string>

#include "core/jobs/lifeline.hpp"
#include "core/os/process_facts.hpp"
#include "core/run/engine.hpp"
#include "core/run/request.hpp"
#include "core/state/jobs.hpp"

// The process of one job: `delegate run-job`. It reports on stdout: see job_process.hpp.
namespace delegate::jobs {

JobLimits limits_of(const Engine& engine);

/// A job that this process runs itself: waits for its turn if it has to, and runs it. Returns the exit code.
int serve_job(const ProcessFacts& process, const Engine& engine, const OwnCommand& self, const Request& request,
              Lifeline& lifeline);

/// A job that the dispatcher has given its turn: takes the turn, and runs it. An error if the turn is not taken.
Result<int> serve_turn(const ProcessFacts& process, const Engine& engine, const OwnCommand& self, const std::string& id,
                       std::int64_t turn);

}  // namespace delegate::jobs
