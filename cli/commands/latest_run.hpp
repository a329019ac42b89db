#pragma once
#include <string>
#include <string_view>

#include "cli/world.hpp"
#include "core/run/engine.hpp"
#include "core/state/ledger.hpp"

// The run that a person means who names none.
namespace delegate::cli {

/// Instead of an id; no id contains an `l`.
inline constexpr std::string_view kLatest = "last";

/// Of the run that began last, a queued one included. Code::not_found: there is none. `command` names itself in errors.
Result<std::string> id_of_latest_run(const Engine& engine, std::string_view command);

/// As runs record it: without links. Empty: the current one. Code::invalid_argument: it does not exist.
Result<std::string> directory_of_runs(const World& world, const std::string& directory);

/// An answer that was to be kept until earlier than now is as good as deleted.
void drop_expired_answer(RunRow& row, milliseconds now);

}  // namespace delegate::cli
