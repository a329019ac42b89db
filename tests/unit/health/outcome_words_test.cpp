#include "core/health/outcome_words.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <utility>

using namespace delegate;

namespace {

// A new outcome needs a line here, and so words for people.
constexpr std::pair<const char*, const char*> kWords[] = {
    {"answered", "answered"},
    {"answered_empty", "answered without text"},
    {"lost_result", "ended without a result"},
    {"not_installed", "not installed"},
    {"spawn_failed", "could not be started"},
    {"resources", "out of system resources"},
    {"unreachable", "unreachable"},
    {"connect_timeout", "connection timed out"},
    {"timed_out", "timed out"},
    {"timed_out_active", "timed out while still producing output"},
    {"deadline_passed", "time limit of the run reached"},
    {"idle_timed_out", "timed out without output"},
    {"stalled_tool", "stuck in a tool call"},
    {"exited_nonzero", "crashed"},
    {"killed_by_signal", "killed by a signal"},
    {"unauthenticated", "signed out"},
    {"quota_exhausted", "usage limit reached"},
    {"rate_limited", "rate limited"},
    {"overloaded", "service overloaded"},
    {"loading", "model still loading"},
    {"server_error", "server error"},
    {"model_rejected", "model not available"},
    {"bad_request", "invalid request"},
    {"context_too_long", "prompt too long for the model"},
    {"cut_short", "answer cut off at the output limit"},
    {"refused_by_policy", "refused by the model's policy"},
    {"bad_output", "unreadable output"},
    {"dropped", "connection lost"},
    {"send_failed", "connection lost while sending the request"},
    {"collateral_drop", "no connection right after a lost one"},
    {"pipe_closed", "exited before reading the prompt"},
    {"no_slot", "all slots in use"},
    {"breaker_open", "breaker open"},
    {"directory_in_use", "another run writes there"},
    {"cannot_write", "cannot change files"},
    {"reserved", "kept in reserve"},
    {"extra_billing", "would be billed extra"},
    {"budget_exhausted", "budget used up"},
    {"cancelled", "cancelled"},
    {"blocked", "not allowed"},
    {"internal", "internal error"},
};

}  // namespace

TEST_CASE("every outcome has words for people, and no two have the same") {
  std::set<std::string_view> seen;
  std::size_t place = 0;
  for (const auto& [name, words] : kWords) {
    INFO(name);
    const auto outcome = outcome_named(name);
    REQUIRE(outcome);
    CHECK(static_cast<std::size_t>(*outcome) == place++);
    CHECK(words_for(*outcome) == words);
    CHECK(words_for(std::string_view(name)) == words);
    CHECK(seen.insert(words).second);
  }
  CHECK(std::size(kWords) == static_cast<std::size_t>(Outcome::internal) + 1);
}

TEST_CASE("what is no outcome of one call but a reason for an open breaker or a skip has words, too") {
  constexpr std::pair<const char*, const char*> kReasons[] = {{"rejects_requests", "rejects every request"},
                                                              {"probe_running", "a probe is running"},
                                                              {"tripped_by_hand", "tripped manually"},
                                                              {"login_unset", "login not set up"}};
  for (const auto& [name, words] : kReasons) {
    CHECK_FALSE(outcome_named(name));
    CHECK(words_for(std::string_view(name)) == words);
  }
  CHECK(title_for("rejects_requests") == "rejects requests");
}

TEST_CASE("a stored outcome of a later version is shown by its name") {
  CHECK(words_for("eaten_by_the_dog") == "eaten_by_the_dog");
  CHECK(words_for("") == "");
  CHECK(title_for("eaten_by_the_dog") == "unavailable");
  CHECK(remedy_for("eaten_by_the_dog") == Remedy::look);
}

TEST_CASE("every outcome has words that are short enough for the title of a notification") {
  CHECK(title_for("unauthenticated") == "signed out");
  CHECK(title_for("quota_exhausted") == "quota used up");
  for (const auto& [name, words] : kWords) {
    INFO(name);
    CHECK_FALSE(title_for(name).empty());
    CHECK(title_for(name).size() <= kLongestTitleWords);
  }
}

TEST_CASE("a sign-in needs a person, a limit ends by itself") {
  for (const char* name : {"unauthenticated", "not_installed", "model_rejected", "blocked"})
    CHECK(remedy_for(name) == Remedy::act);
  for (const char* name : {"quota_exhausted", "rate_limited", "overloaded", "server_error"})
    CHECK(remedy_for(name) == Remedy::wait);
  for (const char* name : {"timed_out", "exited_nonzero", "unreachable"}) CHECK(remedy_for(name) == Remedy::look);
}
