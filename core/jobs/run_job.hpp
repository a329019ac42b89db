#pragma once
#include "core/jobs/lifeline.hpp"
#include "core/os/process_facts.hpp"
#include "core/run/engine.hpp"
#include "core/state/jobs.hpp"

namespace delegate::jobs {

/// Runs one job to its end, when its turn has come: see job_process.hpp. While no candidate has a free slot, it waits
/// for one. `jobs` holds its row and is null when there is no store that outlives this process.
void run_job(const ProcessFacts& process, const Engine& engine, const Request& asked, Jobs* jobs, Lifeline& lifeline);

/// The whole life of a job process: reads the request from stdin, which is its lifeline, and runs it. The exit code.
int serve_job(const ProcessFacts& process, const Engine& engine, const std::string& id);

/// Runs the jobs whose process was killed before they began, one after the other. `on_run` is called before each; the
/// result has the ids of all that were run.
Result<std::vector<std::string>> run_orphaned_jobs(const ProcessFacts& process, const Engine& engine,
                                                   const std::function<void(const std::string& id)>& on_run);

}  // namespace delegate::jobs
