#pragma once
#include <vector>

#include "core/state/ledger.hpp"

// What every form of the ledger must do alike.
namespace delegate {

/// The run that an id, or the beginning of one, names among those that begin so.
Result<RunRow> unique_match(const std::vector<RunRow>& found, const std::string& id);

bool matches(const RunRow& row, const SessionQuery& query);

/// Is a recorded name the one that was asked for, or one of its logins?
bool is_of(std::string_view recorded, std::string_view asked);

bool is_answer_named(const std::string& outcome);

/// Counts one attempt; its duration is kept by the caller for `set_percentiles`.
void add_to_totals(BackendTotals& totals, const TotalsQuery& query, milliseconds started_at, const std::string& outcome,
                   bool tripped, const Usage& usage);
/// Nearest rank.
void set_percentiles(BackendTotals& totals, std::vector<milliseconds> answered);

}  // namespace delegate
