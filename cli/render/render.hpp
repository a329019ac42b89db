#pragma once
#include <string>
#include <vector>

#include "cli/render/table.hpp"
#include "core/base/result.hpp"
#include "core/inspect/host_status.hpp"
#include "core/run/run_record.hpp"

// Facts as text for people and as JSON for scripts. Nothing is decided here.
namespace delegate::cli {

using namespace inspect;

/// `columns` of the terminal; 0: lines of any length.
std::string to_text(const HostStatus& status, bool painted, int columns = 0);
std::string to_json(const HostStatus& status);
/// The guards in a table; empty if there are none.
std::string to_text(const std::vector<GuardStatus>& guards);
std::string to_json(const std::vector<GuardStatus>& guards, const std::string& schema);
std::string breakers_to_text(const HostStatus& status, bool painted);

}  // namespace delegate::cli
