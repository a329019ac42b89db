#include <catch2/catch.hpp>

#include <string>

#include "backends/error_meaning.hpp"
#include "backends/signatures.hpp"
#include "core/run/pattern.hpp"

using namespace delegate;

namespace {

std::optional<Outcome> meaning(std::string_view text) {
  const auto known = meaning_of(Vendor::other, text);
  return known ? std::optional(known->outcome) : std::nullopt;
}

}  // namespace

TEST_CASE("statuses of a vendor's API mean what their class means") {
  CHECK(outcome_of_status(200) == std::nullopt);
  CHECK(outcome_of_status(400) == Outcome::bad_request);
  CHECK(outcome_of_status(401) == Outcome::unauthenticated);
  CHECK(outcome_of_status(402) == Outcome::quota_exhausted);
  CHECK(outcome_of_status(403) == Outcome::unauthenticated);
  CHECK(outcome_of_status(404) == Outcome::model_rejected);
  CHECK(outcome_of_status(413) == Outcome::context_too_long);
  CHECK(outcome_of_status(429) == Outcome::rate_limited);
  for (const int status : {500, 502, 504}) CHECK(outcome_of_status(status) == Outcome::server_error);
  for (const int status : {503, 529}) CHECK(outcome_of_status(status) == Outcome::overloaded);
  for (const int status : {300, 302, 308, 407, 511}) CHECK(outcome_of_status(status) == Outcome::unreachable);
  for (const int status : {405, 409, 418, 422, 499}) CHECK(outcome_of_status(status) == Outcome::bad_request);
  for (const int status : {501, 520, 525, 599}) CHECK(outcome_of_status(status) == Outcome::server_error);
  for (const int status : {-1, 0, 99, 204, 600}) CHECK(outcome_of_status(status) == std::nullopt);
}

TEST_CASE("common phrases of vendors are recognized in any case") {
  CHECK(meaning("Invalid API Key") == Outcome::unauthenticated);
  CHECK(meaning("error: x-api-key: invalid x-api-key") == Outcome::unauthenticated);
  CHECK(meaning("Please run /login") == Outcome::unauthenticated);
  CHECK(meaning("HTTP/1.1 401 Unauthorized") == Outcome::unauthenticated);
  CHECK(meaning("unauthorized") == Outcome::unauthenticated);
  CHECK(meaning("You exceeded your current quota") == Outcome::quota_exhausted);
  CHECK(meaning("429 You've reached your usage limit") == Outcome::quota_exhausted);
  CHECK(meaning("API Error: Request rejected (429)") == Outcome::rate_limited);
  CHECK(meaning("got status: 429") == Outcome::rate_limited);
  CHECK(meaning("HTTP/2 429") == Outcome::rate_limited);
  CHECK(meaning("\"code\":429,") == Outcome::rate_limited);
  CHECK(meaning("Attempt 2 failed with status 503.") == Outcome::overloaded);
  CHECK(meaning("Error 529") == Outcome::overloaded);
  CHECK(meaning("server busy, please try again.  maximum pending requests exceeded") == Outcome::overloaded);
  CHECK(meaning("500 Internal Server Error") == Outcome::server_error);
  CHECK(meaning("model 'x' not found") == Outcome::model_rejected);
  CHECK(meaning("\"m\" does not support chat") == Outcome::model_rejected);
  CHECK(meaning("This model's maximum context length is 4096 tokens") == Outcome::context_too_long);
  CHECK(meaning("connect ECONNREFUSED 127.0.0.1:443") == Outcome::unreachable);
  CHECK(meaning("read ECONNRESET") == Outcome::dropped);
  CHECK(meaning("socket hang up") == Outcome::dropped);
}

TEST_CASE("a number or half a phrase alone means nothing") {
  for (const char* text :
       {"", "401", "429", "took 429 ms", "at f (b.js:503:12)", "b.js:429:529", "line 503", "authentic", "author",
        "the login page", "process terminated early", "unauthorized_keys are fine"}) {
    INFO(text);
    CHECK(meaning(text) == std::nullopt);
  }
}

TEST_CASE("of a long error text the beginning and the end are searched") {
  const std::string noise(200'000, 'x');
  CHECK(meaning("Invalid API key\n" + noise) == Outcome::unauthenticated);
  CHECK(meaning(noise + "\nInvalid API key") == Outcome::unauthenticated);
  CHECK(meaning(noise + "\nInvalid API key\n" + noise) == std::nullopt);
}

TEST_CASE("a person's pattern may be anything") {
  CHECK(matches("(?i)QUOTA|rate limit", "my quota is gone"));
  CHECK(matches("^fatal: .*limit$", "warning\nfatal: no limit\nmore"));
  CHECK(matches("limite dépassée", "erreur: limite dépassée"));
  CHECK(matches("d.pass.e", "dépassée"));
  CHECK(matches("\\x{20AC}", "5 € please"));
  CHECK_FALSE(matches("quota", "rate"));
  CHECK_FALSE(matches("(unfinished", "(unfinished"));
}

TEST_CASE("text that is not UTF-8 is searched all the same") {
  CHECK(matches("quota", "\xFF\xFE quota \x80"));
  CHECK(matches("dépassée", "\xC3 dépassée \xED\xA0\x80"));
  CHECK(meaning("\xF0\x9F too many requests \xC0") == Outcome::rate_limited);
}

TEST_CASE("a pattern with unbounded backtracking gives up") {
  CHECK_FALSE(matches("(a+)+[bc]", std::string(60'000, 'a') + "!"));
  CHECK_FALSE(matches("(.*)*x(.*)*y", std::string(60'000, 'a')));
  std::string pieces;
  while (pieces.size() < 60'000) pieces += std::string(14, 'a') + "!";
  CHECK_FALSE(matches("(a+)+[bc]", pieces));
}
