#include "core/run/judge.hpp"

#include <catch2/catch.hpp>

using namespace delegate;
using namespace std::chrono_literals;

namespace {

Failure failed(Outcome outcome, const Retrying& retrying) {
  return {.outcome = outcome, .message = "its words", .retrying = retrying};
}

bool goes_on(const Failure& failure, std::optional<milliseconds> left = 5min) {
  return !end_of_retries(failure, left).has_value();
}

}  // namespace

TEST_CASE("a backend that does not retry is left alone") {
  CHECK(goes_on({.outcome = Outcome::unauthenticated, .message = "no"}));
}

TEST_CASE("one retry is kept, also for a sign-in, which may renew a token") {
  for (const Outcome outcome : {Outcome::unauthenticated, Outcome::server_error, Outcome::overloaded, Outcome::dropped,
                                Outcome::rate_limited}) {
    CHECK(goes_on(failed(outcome, {.failures = 1})));
    CHECK_FALSE(goes_on(failed(outcome, {.failures = 2})));
  }
}

TEST_CASE("a network that is not there is waited for only if the next try is stated and close") {
  CHECK(goes_on(failed(Outcome::unreachable, {.pause = 600ms})));
  CHECK_FALSE(goes_on(failed(Outcome::unreachable, {.failures = 2, .pause = 600ms})));
  CHECK_FALSE(goes_on(failed(Outcome::unreachable, {.pause = 5s})));
  CHECK_FALSE(goes_on(failed(Outcome::unreachable, {})));
}

TEST_CASE("what would be said again the next time is not asked twice") {
  for (const Outcome outcome : {Outcome::quota_exhausted, Outcome::model_rejected, Outcome::bad_request,
                                Outcome::context_too_long, Outcome::refused_by_policy})
    CHECK_FALSE(goes_on(failed(outcome, {.failures = 1})));
}

TEST_CASE("a pause is sat out when it is short and there is time for it") {
  CHECK(goes_on(failed(Outcome::rate_limited, {.pause = 2s}), 2s));
  CHECK_FALSE(goes_on(failed(Outcome::rate_limited, {.pause = 2s}), 1999ms));
  CHECK(goes_on(failed(Outcome::rate_limited, {.pause = 10s}), std::nullopt));
  CHECK_FALSE(goes_on(failed(Outcome::rate_limited, {.pause = 10001ms}), std::nullopt));
  CHECK_FALSE(goes_on(failed(Outcome::unreachable, {.forever = true})));
}

TEST_CASE("a pause that is not sat out is when the service may be asked again") {
  const auto end = end_of_retries(failed(Outcome::rate_limited, {.pause = 20s}), 5min);
  REQUIRE(end.has_value());
  CHECK(end->outcome == Outcome::rate_limited);
  CHECK(end->message == "its words");
  CHECK(end->retry_after == milliseconds(20s));
  CHECK_FALSE(end->retrying.has_value());

  Failure stated = failed(Outcome::rate_limited, {.pause = 23s});
  stated.retry_after = 20s;
  CHECK(end_of_retries(stated, 5min)->retry_after == milliseconds(20s));
}

TEST_CASE("a short pause between retries that are ended is the backend's own, not a stated wait") {
  CHECK_FALSE(end_of_retries(failed(Outcome::server_error, {.failures = 2, .pause = 1s}), 5min)->retry_after);
  CHECK_FALSE(end_of_retries(failed(Outcome::server_error, {.pause = 2s}), 1s)->retry_after);
}
