#pragma once
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/inspect/history.hpp"
#include "core/state/ledger.hpp"

// The history as text for people and as JSON for scripts. Nothing is decided here.
namespace delegate::cli {

using namespace inspect;

/// What the text is printed to.
struct Page {
  milliseconds now{0};       // wall
  int columns = 0;           // lines are cut to this; 0: not cut
  bool painted = false;      // with colours
  bool unicode = false;      // more than ASCII
  bool is_terminal = false;  // control characters in stored text are escaped
};

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
