#pragma once
#include <string>

#include "core/run/remarks.hpp"

namespace delegate {

/// What a person should know about the change of a run.
void explain_change(const ChangeReport& report, const std::string& run_id, Remarks& remarks);

/// The object `changes` of a run's record; empty: there is nothing to say.
std::string to_json(const ChangeReport& report);

}  // namespace delegate
