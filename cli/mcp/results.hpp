#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "cli/mcp/agent_words.hpp"
#include "core/jobs/job_result.hpp"
#include "core/mcp/service.hpp"

// The answers of the tools. Text and structured form say the same: some clients show their model one, some the other.
namespace delegate::cli::server {

/// What of a run is to be shown, and how much of it.
struct ShownRun {
  std::string id;
  std::size_t offset = 0;               // of the answer's first byte
  std::size_t most = 0;                 // bytes of each form of the result: the text, and the JSON text of the other
  std::vector<std::string> notes = {};  // to be added to those of the run
  RunTimes times = {};
  bool is_cancelled_by_this_call = false;  // its cancel is what was wanted
};

/// A run that has ended, with its answer from `offset` on. A part ends with a line, if it has any. `is_cut`: the rest
/// will be fetched, so the run must be kept.
struct EndedRun {
  mcp::ToolResult result;
  bool is_cut = false;
};
EndedRun ended(const RunRecord& run, const ShownRun& shown);

/// The run continues; says how to fetch its answer.
mcp::ToolResult working(const std::string& run, const std::string& doing);
/// `hint` is for the model. `run`: whose failure it is; empty: no run's.
mcp::ToolResult failure(const std::string& message, const std::string& hint, const std::string& run = {});

/// A backend, and what can be seen of its server if it has one.
struct SeenBackend {
  inspect::BackendStatus status;
  std::optional<ServerTrace> server;
  std::string quota = {};  // quota_words()
};
/// `order`: of auto. `trouble`: why breakers do not work now; empty: they do.
mcp::ToolResult status(const std::vector<SeenBackend>& backends, const std::vector<std::string>& order,
                       const std::string& trouble);

/// The whole answer of a run; without one, why.
std::string answer_of(const RunRecord& run, const RunTimes& times);

/// Where a part of `text` that begins at `from` ends: as far as `most` bytes of JSON text (without the quotes) go, and
/// there at the end of a line if one is in its second half. No character is cut in two, and at least one is in it.
std::size_t end_of_part(std::string_view text, std::size_t from, std::size_t most);

}  // namespace delegate::cli::server
