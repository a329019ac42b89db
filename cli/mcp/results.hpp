#pragma once
#include <cstddef>
#include <string>

#include "cli/render/render.hpp"
#include "core/jobs/job_process.hpp"
#include "core/mcp/service.hpp"

// What an agent is told. The whole of it stands in the text and in the structured form: some clients show their model
// the one, some the other.
namespace delegate::cli::server {

/// A run that has ended, from byte `offset` of its answer on, at most `longest` bytes of it. `is_cut`: more is to be
/// fetched, so the run has to be kept.
struct Shown {
  mcp::ToolResult result;
  bool is_cut = false;
};
Shown ended(const std::string& run, const jobs::job_event::Ended& end, std::size_t offset, std::size_t longest);

/// It goes on, and what to do next.
mcp::ToolResult working(const std::string& run, const std::string& doing);
mcp::ToolResult failure(const std::string& message, const std::string& hint);
mcp::ToolResult status(const inspect::HostStatus& status);

/// The whole answer of a run, or what was said instead of one.
std::string answer_of(const jobs::job_event::Ended& end);

}  // namespace delegate::cli::server
