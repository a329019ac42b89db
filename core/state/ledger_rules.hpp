#pragma once
#include <vector>

#include "core/state/ledger.hpp"

// Rules shared by all ledgers.
namespace delegate {

/// The run named by an id or by the beginning of one, out of all runs whose id begins with it.
Result<RunRow> unique_match(const std::vector<RunRow>& found, const std::string& id);

/// How many characters tell an id from its neighbours among all ids; of an empty neighbour there is none.
std::size_t enough_beside(std::string_view id, std::string_view before, std::string_view after);

bool matches(const RunRow& row, const SessionQuery& query);

/// Is the recorded name that of the backend in the query, or one of its logins?
bool is_of(std::string_view recorded, std::string_view asked);

/// Is this path the directory or below it? Both are absolute and without links.
bool is_in_directory(std::string_view path, std::string_view directory);

/// Does the text that is asked for occur in the summary or the prompt of a run?
bool has_text(const RunRow& row, std::string_view text);

bool is_answer_named(const std::string& outcome);

/// Without figures that no call can have used: one that is negative or absurd would decide about budgets.
Usage plausible(Usage used);

/// Counts one attempt. The caller collects the durations for set_percentiles().
void add_to_totals(BackendTotals& totals, const TotalsQuery& query, milliseconds started_at, const std::string& outcome,
                   bool tripped, const Usage& usage);
/// Nearest rank.
void set_percentiles(BackendTotals& totals, std::vector<milliseconds> answered);

}  // namespace delegate
