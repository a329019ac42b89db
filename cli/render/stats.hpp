#pragma once
#include <string>

#include "cli/render/cells.hpp"
#include "core/inspect/statistics.hpp"

// Statistics for people, scripts, spreadsheets and browsers. Nothing is decided here.
namespace delegate::cli {

using namespace inspect;

std::string stats_to_text(const Statistics& statistics, GroupBy by, const Page& page);
std::string stats_to_json(const Statistics& statistics, GroupBy by);
/// RFC 4180, with a line of headings. Unknown values are empty.
std::string stats_to_csv(const Statistics& statistics, GroupBy by);
/// One HTML document that needs nothing else, with charts that follow the browser's light or dark colours.
std::string stats_to_html(const Statistics& statistics);

/// "backend", as --by and JSON name it.
std::string_view to_string(GroupBy by);

/// "about 3 h 10 min: 212 calls did not wait for a dead backend"; without times "nothing yet: …".
std::string saved_words(const Statistics& statistics);
/// "claude 200 × 54 s, gemini 12 × 46 s"
std::string saved_terms(const Statistics& statistics);
/// How saved_terms come about.
inline constexpr std::string_view kSavedFormula =
    "skipped calls × median time of calls that failed as those that opened it";

}  // namespace delegate::cli
