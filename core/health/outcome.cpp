#include "core/health/outcome.hpp"

#include <array>

namespace delegate {
namespace {

using enum Trip;
using enum Retry;
constexpr auto next = TryNext::yes;
constexpr auto stay = TryNext::no;
constexpr auto ok = Verdict::success;
constexpr auto bad = Verdict::failure;
constexpr auto none = Verdict::neutral;
constexpr auto drop = Verdict::drop;
constexpr auto no_connection = Verdict::connect_failure;
constexpr auto limited = Verdict::rate_limited;

// clang-format off
constexpr std::array kTable{
    //             outcome                     name                 on call        on health trip          next  login retry      exit
    OutcomeTraits{Outcome::answered,          "answered",          ok,            ok,   at_threshold, stay, stay,  may_help,  0},
    OutcomeTraits{Outcome::answered_empty,    "answered_empty",    ok,            ok,   at_threshold, stay, stay,  may_help,  0},
    OutcomeTraits{Outcome::lost_result,       "lost_result",       bad,           bad,  at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::not_installed,     "not_installed",     none,          none, at_threshold, next, stay,  may_help,  5},
    OutcomeTraits{Outcome::spawn_failed,      "spawn_failed",      none,          none, at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::resources,         "resources",         none,          none, at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::unreachable,       "unreachable",       no_connection, bad,  at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::connect_timeout,   "connect_timeout",   no_connection, bad,  at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::timed_out,         "timed_out",         bad,           bad,  at_threshold, next, stay,  may_help,  124},
    OutcomeTraits{Outcome::timed_out_active,  "timed_out_active",  none,          bad,  at_threshold, next, stay,  may_help,  124},
    OutcomeTraits{Outcome::deadline_passed,   "deadline_passed",   none,          none, at_threshold, stay, stay,  may_help,  124},
    OutcomeTraits{Outcome::idle_timed_out,    "idle_timed_out",    bad,           bad,  at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::stalled_tool,      "stalled_tool",      bad,           bad,  at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::exited_nonzero,    "exited_nonzero",    bad,           bad,  at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::killed_by_signal,  "killed_by_signal",  none,          none, at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::unauthenticated,   "unauthenticated",   bad,           bad,  revocable,    next, next,  may_help,  1},
    OutcomeTraits{Outcome::quota_exhausted,   "quota_exhausted",   limited,       none, immediate,    next, next,  pointless, 1},
    OutcomeTraits{Outcome::rate_limited,      "rate_limited",      limited,       none, at_threshold, next, next,  may_help,  1},
    OutcomeTraits{Outcome::overloaded,        "overloaded",        bad,           none, at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::loading,           "loading",           none,          none, at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::server_error,      "server_error",      bad,           bad,  at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::model_rejected,    "model_rejected",    none,          none, at_threshold, next, stay,  pointless, 1},
    OutcomeTraits{Outcome::bad_request,       "bad_request",       none,          none, at_threshold, next, stay,  pointless, 1},
    OutcomeTraits{Outcome::context_too_long,  "context_too_long",  none,          none, at_threshold, next, stay,  pointless, 1},
    OutcomeTraits{Outcome::cut_short,         "cut_short",         none,          none, at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::refused_by_policy, "refused_by_policy", ok,            ok,   at_threshold, stay, stay,  pointless, 1},
    OutcomeTraits{Outcome::bad_output,        "bad_output",        bad,           bad,  at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::dropped,           "dropped",           drop,          bad,  at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::send_failed,       "send_failed",       drop,          none, at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::collateral_drop,   "collateral_drop",   none,          none, at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::pipe_closed,       "pipe_closed",       none,          none, at_threshold, next, stay,  may_help,  1},
    OutcomeTraits{Outcome::no_slot,           "no_slot",           none,          none, at_threshold, next, next,  may_help,  4},
    OutcomeTraits{Outcome::breaker_open,      "breaker_open",      none,          none, at_threshold, next, stay,  may_help,  4},
    OutcomeTraits{Outcome::directory_in_use,  "directory_in_use",  none,          none, at_threshold, stay, stay,  may_help,  4},
    OutcomeTraits{Outcome::cannot_write,      "cannot_write",      none,          none, at_threshold, next, stay,  pointless, 5},
    OutcomeTraits{Outcome::reserved,          "reserved",          none,          none, at_threshold, next, next,  may_help,  4},
    OutcomeTraits{Outcome::extra_billing,     "extra_billing",     none,          none, at_threshold, next, next,  may_help,  4},
    OutcomeTraits{Outcome::budget_exhausted,  "budget_exhausted",  none,          none, at_threshold, next, stay,  may_help,  4},
    OutcomeTraits{Outcome::cancelled,         "cancelled",         none,          none, at_threshold, stay, stay,  may_help,  130},
    OutcomeTraits{Outcome::blocked,           "blocked",           none,          none, at_threshold, next, stay,  may_help,  6},
    OutcomeTraits{Outcome::internal,          "internal",          none,          none, at_threshold, stay, stay,  may_help,  70},
};
// clang-format on

constexpr bool rows_stand_in_enum_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (static_cast<std::size_t>(kTable[i].outcome) != i) return false;
  return kTable.size() == static_cast<std::size_t>(Outcome::internal) + 1;
}
static_assert(rows_stand_in_enum_order());

}  // namespace

const OutcomeTraits& traits(Outcome outcome) { return kTable[static_cast<std::size_t>(outcome)]; }

std::optional<Outcome> outcome_named(std::string_view name) {
  for (const OutcomeTraits& row : kTable)
    if (row.name == name) return row.outcome;
  return std::nullopt;
}

}  // namespace delegate
