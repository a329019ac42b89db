#pragma once
#include <string>
#include <vector>

#include "core/os/process_facts.hpp"
#include "core/run/prepared_ask.hpp"
#include "core/state/jobs.hpp"

// Where and how the process of a job is started: as in its submitter's shell, but without keys, which are never stored.
namespace delegate::jobs {

struct JobStart {
  Environment environment;
  std::string directory;
  std::vector<std::string> options;  // of the program: --config FILE
};

/// Of the submitter's variables those that routing and the CLIs need and that hold no secret.
JobStart job_start(const ProcessFacts& process, const OwnCommand& self, const Engine& engine, const PreparedAsk& ask);
/// The keys that a candidate's call would get and that are not stored: only a process of the submitter has them.
std::vector<std::string> needed_keys(const ProcessFacts& process, const Engine& engine, const PreparedAsk& ask);

/// Where the job waits.
JobLine line_of(const ProcessFacts& process, const PreparedAsk& ask);
/// Was this process started inside a run?
bool is_nested(const ProcessFacts& process);

/// The same for jobs that are started in the same directory with the same options: what keeps one of them from being
/// started probably keeps all.
std::string place_of(const JobStart& start);

std::string to_json(const JobStart& start);
Result<JobStart> job_start_from(std::string_view json);

}  // namespace delegate::jobs
