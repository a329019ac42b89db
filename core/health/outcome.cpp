#include "core/health/outcome.hpp"

#include <array>

namespace delegate {
namespace {

using enum Side;
using enum Trip;
constexpr auto next = TryNext::yes;
constexpr auto stay = TryNext::no;
constexpr auto info = LogLevel::info;
constexpr auto warn = LogLevel::warning;
constexpr auto err = LogLevel::error;
constexpr auto ok = Verdict::success;
constexpr auto bad = Verdict::failure;
constexpr auto none = Verdict::neutral;
constexpr auto drop = Verdict::drop;
constexpr auto no_connection = Verdict::connect_failure;
constexpr auto limited = Verdict::rate_limited;

// clang-format off
constexpr std::array kTable{
    //             outcome                     name                 side      on call        on health trip          next  login level exit http
    OutcomeTraits{Outcome::answered,          "answered",          upstream, ok,            ok,   at_threshold, stay, stay,  info,  0, 200},
    OutcomeTraits{Outcome::answered_empty,    "answered_empty",    upstream, ok,            ok,   at_threshold, stay, stay,  info,  0, 200},
    OutcomeTraits{Outcome::lost_result,       "lost_result",       upstream, bad,           bad,  at_threshold, next, stay,  warn,  1, 502},
    OutcomeTraits{Outcome::not_installed,     "not_installed",     local,    none,          none, at_threshold, next, stay,  info,  5, 503},
    OutcomeTraits{Outcome::spawn_failed,      "spawn_failed",      local,    none,          none, at_threshold, next, stay,  warn,  1, 502},
    OutcomeTraits{Outcome::resources,         "resources",         local,    none,          none, at_threshold, next, stay,  warn,  1, 503},
    OutcomeTraits{Outcome::unreachable,       "unreachable",       local,    no_connection, bad,  at_threshold, next, stay,  warn,  1, 502},
    OutcomeTraits{Outcome::connect_timeout,   "connect_timeout",   local,    no_connection, bad,  at_threshold, next, stay,  warn,  1, 504},
    OutcomeTraits{Outcome::timed_out,         "timed_out",         local,    bad,           bad,  at_threshold, next, stay,  warn,  124, 504},
    OutcomeTraits{Outcome::timed_out_active,  "timed_out_active",  local,    none,          bad,  at_threshold, next, stay,  warn,  124, 504},
    OutcomeTraits{Outcome::deadline_passed,   "deadline_passed",   local,    none,          none, at_threshold, stay, stay,  info,  124, 504},
    OutcomeTraits{Outcome::idle_timed_out,    "idle_timed_out",    local,    bad,           bad,  at_threshold, next, stay,  warn,  1, 504},
    OutcomeTraits{Outcome::stalled_tool,      "stalled_tool",      local,    bad,           bad,  at_threshold, next, stay,  warn,  1, 504},
    OutcomeTraits{Outcome::exited_nonzero,    "exited_nonzero",    upstream, bad,           bad,  at_threshold, next, stay,  warn,  1, 502},
    OutcomeTraits{Outcome::killed_by_signal,  "killed_by_signal",  local,    none,          none, at_threshold, next, stay,  warn,  1, 504},
    OutcomeTraits{Outcome::unauthenticated,   "unauthenticated",   upstream, bad,           bad,  at_once,      next, next,  warn,  1, 503},
    OutcomeTraits{Outcome::quota_exhausted,   "quota_exhausted",   upstream, limited,       none, at_threshold, next, next,  warn,  1, 429},
    OutcomeTraits{Outcome::rate_limited,      "rate_limited",      upstream, limited,       none, at_threshold, next, next,  warn,  1, 429},
    OutcomeTraits{Outcome::overloaded,        "overloaded",        upstream, bad,           none, at_threshold, next, stay,  warn,  1, 503},
    OutcomeTraits{Outcome::loading,           "loading",           upstream, none,          none, at_threshold, next, stay,  info,  1, 503},
    OutcomeTraits{Outcome::server_error,      "server_error",      upstream, bad,           bad,  at_threshold, next, stay,  warn,  1, 502},
    OutcomeTraits{Outcome::model_rejected,    "model_rejected",    upstream, none,          none, at_threshold, next, stay,  warn,  1, 400},
    OutcomeTraits{Outcome::bad_request,       "bad_request",       upstream, none,          none, at_threshold, stay, stay,  warn,  1, 400},
    OutcomeTraits{Outcome::context_too_long,  "context_too_long",  upstream, none,          none, at_threshold, next, stay,  warn,  1, 413},
    OutcomeTraits{Outcome::cut_short,         "cut_short",         upstream, none,          none, at_threshold, next, stay,  warn,  1, 502},
    OutcomeTraits{Outcome::refused_by_policy, "refused_by_policy", upstream, ok,            ok,   at_threshold, stay, stay,  warn,  1, 403},
    OutcomeTraits{Outcome::bad_output,        "bad_output",        upstream, bad,           bad,  at_threshold, next, stay,  warn,  1, 502},
    OutcomeTraits{Outcome::dropped,           "dropped",           upstream, drop,          bad,  at_threshold, next, stay,  info,  1, 502},
    OutcomeTraits{Outcome::send_failed,       "send_failed",       local,    drop,          none, at_threshold, next, stay,  info,  1, 502},
    OutcomeTraits{Outcome::collateral_drop,   "collateral_drop",   local,    none,          none, at_threshold, next, stay,  info,  1, 502},
    OutcomeTraits{Outcome::pipe_closed,       "pipe_closed",       local,    none,          none, at_threshold, next, stay,  info,  1, 502},
    OutcomeTraits{Outcome::no_slot,           "no_slot",           local,    none,          none, at_threshold, next, next,  info,  4, 429},
    OutcomeTraits{Outcome::breaker_open,      "breaker_open",      local,    none,          none, at_threshold, next, stay,  info,  4, 503},
    OutcomeTraits{Outcome::cancelled,         "cancelled",         local,    none,          none, at_threshold, stay, stay,  info,  130, 499},
    OutcomeTraits{Outcome::blocked,           "blocked",           local,    none,          none, at_threshold, next, stay,  warn,  6, 403},
    OutcomeTraits{Outcome::internal,          "internal",          local,    none,          none, at_threshold, stay, stay,  err,   70, 500},
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
