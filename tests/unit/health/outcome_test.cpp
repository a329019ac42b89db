#include "core/health/outcome.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace delegate;

namespace {

constexpr auto ok = Verdict::success;
constexpr auto bad = Verdict::failure;
constexpr auto none = Verdict::neutral;

struct Row {
  Outcome outcome;
  const char* name;
  Verdict on_call;
  Verdict on_health;
};

// clang-format off
constexpr Row kRows[] = {
    {Outcome::answered,          "answered",          ok,   ok},
    {Outcome::answered_empty,    "answered_empty",    ok,   ok},
    {Outcome::lost_result,       "lost_result",       bad,  bad},
    {Outcome::not_installed,     "not_installed",     none, none},
    {Outcome::spawn_failed,      "spawn_failed",      none, none},
    {Outcome::resources,         "resources",         none, none},
    {Outcome::unreachable,       "unreachable",       Verdict::connect_failure, bad},
    {Outcome::connect_timeout,   "connect_timeout",   Verdict::connect_failure, bad},
    {Outcome::timed_out,         "timed_out",         bad,  bad},
    {Outcome::timed_out_active,  "timed_out_active",  none, bad},
    {Outcome::deadline_passed,   "deadline_passed",   none, none},
    {Outcome::idle_timed_out,    "idle_timed_out",    bad,  bad},
    {Outcome::stalled_tool,      "stalled_tool",      bad,  bad},
    {Outcome::exited_nonzero,    "exited_nonzero",    bad,  bad},
    {Outcome::killed_by_signal,  "killed_by_signal",  none, none},
    {Outcome::unauthenticated,   "unauthenticated",   bad,  bad},
    {Outcome::quota_exhausted,   "quota_exhausted",   Verdict::rate_limited, none},
    {Outcome::rate_limited,      "rate_limited",      Verdict::rate_limited, none},
    {Outcome::overloaded,        "overloaded",        bad,  none},
    {Outcome::loading,           "loading",           none, none},
    {Outcome::server_error,      "server_error",      bad,  bad},
    {Outcome::model_rejected,    "model_rejected",    none, none},
    {Outcome::bad_request,       "bad_request",       none, none},
    {Outcome::context_too_long,  "context_too_long",  none, none},
    {Outcome::cut_short,         "cut_short",         none, none},
    {Outcome::refused_by_policy, "refused_by_policy", ok,   ok},
    {Outcome::bad_output,        "bad_output",        bad,  bad},
    {Outcome::dropped,           "dropped",           Verdict::drop, bad},
    {Outcome::send_failed,       "send_failed",       Verdict::drop, none},
    {Outcome::collateral_drop,   "collateral_drop",   none, none},
    {Outcome::pipe_closed,       "pipe_closed",       none, none},
    {Outcome::no_slot,           "no_slot",           none, none},
    {Outcome::breaker_open,      "breaker_open",      none, none},
    {Outcome::directory_in_use,  "directory_in_use",  none, none},
    {Outcome::cannot_write,      "cannot_write",      none, none},
    {Outcome::reserved,          "reserved",          none, none},
    {Outcome::extra_billing,     "extra_billing",     none, none},
    {Outcome::budget_exhausted,  "budget_exhausted",  none, none},
    {Outcome::cancelled,         "cancelled",         none, none},
    {Outcome::blocked,           "blocked",           none, none},
    {Outcome::internal,          "internal",          none, none},
};
// clang-format on

}  // namespace

TEST_CASE("every outcome has a verdict for the breaker, from a call and from a health check") {
  for (const Row& row : kRows) {
    INFO(row.name);
    const OutcomeTraits& traits = delegate::traits(row.outcome);
    CHECK(traits.outcome == row.outcome);
    CHECK(traits.on_call == row.on_call);
    CHECK(traits.on_health == row.on_health);
  }
  CHECK(std::size(kRows) == static_cast<std::size_t>(Outcome::internal) + 1);
}

TEST_CASE("every outcome is known by its stored name, which is its own") {
  std::set<std::string> names;
  for (const Row& row : kRows) {
    CHECK(to_string(row.outcome) == row.name);
    CHECK(outcome_named(row.name) == row.outcome);
    names.insert(row.name);
  }
  CHECK(names.size() == std::size(kRows));
  CHECK_FALSE(outcome_named("ANSWERED"));
  CHECK_FALSE(outcome_named(""));
}

TEST_CASE("only a failed login and a used-up quota trip without counting to the threshold") {
  for (const Row& row : kRows) {
    INFO(row.name);
    const Trip trip = traits(row.outcome).trip;
    CHECK((trip == Trip::revocable) == (row.outcome == Outcome::unauthenticated));
    CHECK((trip == Trip::immediate) == (row.outcome == Outcome::quota_exhausted));
  }
}

TEST_CASE("only a bad request may be one of many that are all rejected") {
  for (const Row& row : kRows) CHECK(is_rejection(row.outcome) == (row.outcome == Outcome::bad_request));
}

TEST_CASE("local faults never count against a backend") {
  for (const Outcome outcome : {Outcome::no_slot, Outcome::breaker_open, Outcome::cancelled, Outcome::blocked,
                                Outcome::internal, Outcome::resources, Outcome::pipe_closed}) {
    CHECK(traits(outcome).on_call == Verdict::neutral);
    CHECK(traits(outcome).on_health == Verdict::neutral);
  }
}

TEST_CASE("an answer ends a run with 0 and nothing else does") {
  for (const Row& row : kRows) {
    INFO(row.name);
    CHECK((traits(row.outcome).exit_code == 0) == is_answer(row.outcome));
    if (is_answer(row.outcome)) CHECK(traits(row.outcome).try_next == TryNext::no);
  }
}

TEST_CASE("neither a cancelled call nor what would end the same way is tried on the next backend") {
  for (const Outcome outcome :
       {Outcome::cancelled, Outcome::refused_by_policy, Outcome::deadline_passed, Outcome::internal})
    CHECK(traits(outcome).try_next == TryNext::no);
}

TEST_CASE("another login is for one that was refused, has no free slot, or whose own quota is kept back") {
  for (const Row& row : kRows) {
    INFO(row.name);
    const bool refused = row.outcome == Outcome::unauthenticated || row.outcome == Outcome::quota_exhausted ||
                         row.outcome == Outcome::rate_limited || row.outcome == Outcome::no_slot ||
                         row.outcome == Outcome::reserved || row.outcome == Outcome::extra_billing;
    CHECK((traits(row.outcome).try_login == TryNext::yes) == refused);
  }
}

TEST_CASE("a fault in one backend's configuration does not prevent a try at the next") {
  for (const Outcome outcome :
       {Outcome::model_rejected, Outcome::blocked, Outcome::context_too_long, Outcome::bad_request})
    CHECK(traits(outcome).try_next == TryNext::yes);
}

TEST_CASE("a retry is pointless where the same call is certain to end the same way") {
  for (const Row& row : kRows) {
    INFO(row.name);
    const bool certain = row.outcome == Outcome::quota_exhausted || row.outcome == Outcome::model_rejected ||
                         row.outcome == Outcome::bad_request || row.outcome == Outcome::context_too_long ||
                         row.outcome == Outcome::refused_by_policy || row.outcome == Outcome::cannot_write;
    CHECK((traits(row.outcome).retry == Retry::pointless) == certain);
  }
}
