#pragma once
#include <string>
#include <vector>

#include "cli/render/cells.hpp"
#include "core/config/config.hpp"
#include "core/inspect/history.hpp"
#include "core/state/ledger.hpp"

// The history as text for people and as JSON for scripts. Nothing is decided here.
namespace delegate::cli {

using namespace inspect;

std::string list_to_text(const std::vector<PastRun>& runs, const Page& page);
std::string list_to_json(const std::vector<PastRun>& runs);
std::string run_to_text(const PastRun& run, const HistorySettings& history, const Page& page);
std::string run_to_json(const PastRun& run);
std::string totals_to_text(const std::vector<BackendTotals>& totals, const TotalsQuery& query, const Page& page);
std::string totals_to_json(const std::vector<BackendTotals>& totals, const TotalsQuery& query);

/// Counts the calls that say something about a backend. The others (cancelled, a wrong model name, …) are neither
/// answered nor failed.
struct Score {
  std::int64_t calls = 0;
  std::int64_t answered = 0;
  std::int64_t failed = 0;
};
Score score_of(const BackendTotals& totals);

}  // namespace delegate::cli
