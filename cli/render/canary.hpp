#pragma once
#include <string>

#include "core/canary/cycle.hpp"

namespace delegate::cli {

/// One line an invariant, and below a violated one what was found and what to do.
std::string to_text(const canary::CycleReport& report, bool painted);
std::string to_json(const canary::CycleReport& report);

/// All invariants, as they were found last.
std::string list_to_text(const CanaryRecordsById& records, milliseconds now, bool painted);
std::string list_to_json(const CanaryRecordsById& records);

/// One invariant, with all that is known of it.
std::string invariant_to_text(const canary::Invariant& invariant, const CanaryRecord& record, milliseconds now);
std::string invariant_to_json(const canary::Invariant& invariant, const CanaryRecord& record);

}  // namespace delegate::cli
