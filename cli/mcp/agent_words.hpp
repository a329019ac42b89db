#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/inspect/host_status.hpp"
#include "core/run/check.hpp"
#include "core/run/run_record.hpp"

// What a model reads about a run or a backend, in the words of the tools: made from recorded facts, never from the
// lines for a person at a shell. Pure.
namespace delegate::cli::server {

/// What there is to say about a run besides its answer.
struct AgentWords {
  std::vector<std::string> notes;
  // Without an answer:
  std::string error;                       // one line
  std::string outcome;                     // in words: "signed out"
  std::optional<std::int64_t> retry_in_s;  // of the backend that is tried again first; absent: now, or unknown
  std::string who_answers;                 // a backend that could answer now; empty: none is known
  std::string hint;                        // what the model can do; empty: nothing
};
/// Wall.
struct RunTimes {
  milliseconds now{0};
  milliseconds ended_at{0};
};
AgentWords words_about(const RunRecord& record, const RunTimes& times);

/// What the model can do about an outcome, by name; the parts about other backends and times are not in it.
std::string_view advice_to_agent(std::string_view outcome);

/// A backend as `status` shows it to a model.
struct AgentStatus {
  bool is_ready = false;
  std::string words;  // "ready", "skipped for 44 s: signed out", "not installed"
  std::optional<std::int64_t> retry_in_s;
};
AgentStatus status_words(const inspect::BackendStatus& backend, std::optional<ServerTrace> server);

/// The `changes` of a run in at most `bytes` of JSON: what does not fit is left out and counted.
OrderedJson shortened_changes(OrderedJson changes, std::size_t bytes);

}  // namespace delegate::cli::server
