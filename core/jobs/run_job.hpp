#pragma once
#include "core/jobs/lifeline.hpp"
#include "core/os/process_facts.hpp"
#include "core/run/engine.hpp"
#include "core/run/request.hpp"
#include "core/state/jobs.hpp"

namespace delegate::jobs {

/// Waits until the job may start and runs it to its end, reporting on `process.out`: see job_process.hpp. While no
/// candidate has a free slot, it waits for one. `jobs` has the job's row; null: there is no store that outlives this
/// process.
void run_job(const ProcessFacts& process, const Engine& engine, Request request, Jobs* jobs, Lifeline& lifeline);

/// A whole job process: reads the request from stdin, its lifeline, and runs it. Returns the exit code.
int serve_job(const ProcessFacts& process, const Engine& engine, const std::string& id);

/// Runs the queued jobs whose process was killed, one after the other. `on_run` is called before each. Returns the ids
/// of all that were run.
Result<std::vector<std::string>> run_orphaned_jobs(const ProcessFacts& process, const Engine& engine,
                                                   const std::function<void(const std::string& id)>& on_run);

}  // namespace delegate::jobs
