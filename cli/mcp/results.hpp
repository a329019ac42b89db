#pragma once
#include <cstddef>
#include <string>

#include "cli/render/render.hpp"
#include "core/jobs/job_result.hpp"
#include "core/mcp/service.hpp"

// The answers of the tools. Text and structured form say the same: some clients show their model one, some the other.
namespace delegate::cli::server {

/// A run that has ended, with its answer from byte `offset` on, at most `max_answer` bytes. `is_cut`: the rest will be
/// fetched, so the run must be kept.
struct EndedRun {
  mcp::ToolResult result;
  bool is_cut = false;
};
EndedRun ended(const std::string& id, const jobs::JobResult& job, std::size_t offset, std::size_t max_answer);

/// The run continues; says how to fetch its answer.
mcp::ToolResult working(const std::string& run, const std::string& doing);
mcp::ToolResult failure(const std::string& message, const std::string& hint);
mcp::ToolResult status(const inspect::HostStatus& status);

/// The whole answer of a run; without one, the remarks.
std::string answer_of(const jobs::JobResult& job);

}  // namespace delegate::cli::server
