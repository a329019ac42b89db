#pragma once
#include <string>
#include <vector>

#include "core/state/ledger.hpp"

// Parts that several tables for people share.
namespace delegate::cli {

/// Columns padded to their widest cell; the last is not padded. Where a line would be longer than `columns`, words of
/// its last cell continue below it; 0: any length.
std::string table(const std::vector<std::vector<std::string>>& rows, int columns = 0);

/// `text` in the colour with this code if `painted`.
std::string in_colour(const char* code, const std::string& text, bool painted);

/// "until 15:34"; with the day if it is not today.
std::string until_text(milliseconds wait, milliseconds now);

/// "signed out", "crashed (exit code 3)", "rate limited until 14:30".
std::string outcome_text(const AttemptRow& attempt, milliseconds now);

}  // namespace delegate::cli
