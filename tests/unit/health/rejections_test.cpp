#include <catch2/catch.hpp>

#include "tests/unit/health/trial.hpp"

// One rejected prompt may be the prompt's fault. Five different ones in a row, of which another candidate answered one,
// are not.
using namespace delegate;

namespace {

CallReport rejection(const std::string& prompt) {
  return {.verdict = Verdict::neutral, .outcome = "bad_request", .message = "no " + prompt, .rejected_prompt = prompt};
}

struct Rejecting : Trial {
  Settled reject(const std::string& prompt) { return report(ticket(), rejection(prompt)); }
  Settled answered(const std::string& prompt) { return answered_elsewhere(breaker, policy, now, rejection(prompt)); }
  void reject_four() {
    for (const char* prompt : {"a", "b", "c", "d"}) CHECK(reject(prompt).neutral);
  }
  bool is_open() const { return state() == BreakerState::open; }
  /// Opened for it, with the cooldown over.
  void open_and_cool() {
    reject_four();
    answered("a");
    CHECK(reject("e").tripped);
    pass(left());
  }
};

}  // namespace

TEST_CASE("the fifth different prompt in a row opens, when another candidate answered one of them [R24]") {
  Rejecting trial;
  trial.reject_four();
  const std::string which = GENERATE("a", "b", "d");
  CHECK_FALSE(trial.answered(which).counted);
  CHECK_FALSE(trial.is_open());
  const Settled settled = trial.reject("e");
  CHECK(settled.counted);
  CHECK(settled.tripped);
  CHECK(settled.entered == BreakerState::open);
  CHECK(trial.left() == 60s);
  CHECK(trial.breaker.last_failure ==
        LastFailure{"rejects_requests", "5 different prompts rejected: no e", trial.now.wall});
}

TEST_CASE("the answer that is missing may come at the end of the fifth run [R24]") {
  Rejecting trial;
  trial.reject_four();
  CHECK_FALSE(trial.reject("e").tripped);
  const Breaker before = trial.breaker;
  const Settled settled = trial.answered(GENERATE("e", "a"));
  CHECK(settled.counted);
  CHECK(settled.tripped);
  CHECK(trial.is_open());
  CHECK(edge_between(before, trial.breaker) == Edge::trip);
}

TEST_CASE("rejections that may be the prompts' fault open nothing [R24]") {
  Rejecting trial;
  SECTION("the same prompts again and again") {
    for (int i = 0; i < 20; ++i) trial.reject_four();
    trial.answered("a");
  }
  SECTION("none of them is answered") {
    for (int i = 0; i < 20; ++i) trial.reject(std::to_string(i));
  }
  SECTION("only one that is no longer among the last five was answered, too late") {
    for (int i = 0; i < 6; ++i) trial.reject(std::to_string(i));
    CHECK_FALSE(trial.answered("0").counted);
  }
  SECTION("a success between them") {
    trial.reject_four();
    trial.answered("a");
    trial.call(Verdict::success);
    trial.reject("e");
    trial.answered("e");
  }
  SECTION("an answer to a prompt that was never rejected") {
    trial.reject_four();
    trial.answered("z");
    trial.reject("e");
  }
  SECTION("a reset between them") {
    trial.reject_four();
    trial.answered("a");
    reset(trial.breaker);
    trial.reject("e");
  }
  SECTION("calls from before the breaker changed its state") {
    const Ticket early = trial.ticket();
    trial.reject_four();
    trial.answered("a");
    force_open(trial.breaker);
    release(trial.breaker);
    CHECK_FALSE(trial.report(early, rejection("e")).counted);
  }
  CHECK(trial.state() == BreakerState::closed);
  CHECK(trial.seen().failures == 0);
  CHECK(trial.breaker.rejections.size() <= kMostRejections);
}

TEST_CASE("what says nothing about the requests is neither a rejection nor a break in their row [R24]") {
  Rejecting trial;
  trial.reject_four();
  trial.answered("a");
  trial.call(GENERATE(Verdict::neutral, Verdict::failure, Verdict::drop));
  CHECK_FALSE(trial.is_open());
  CHECK(trial.reject("e").tripped);
}

TEST_CASE("while it is open for rejections, a probe that is rejected has failed, and an answer closes it [R24]") {
  Rejecting trial;
  trial.open_and_cool();
  const Settled settled = trial.reject("a");
  CHECK(settled.counted);
  CHECK_FALSE(settled.neutral);
  CHECK_FALSE(settled.tripped);
  CHECK(settled.entered == BreakerState::open);
  CHECK(trial.left() == 120s);
  CHECK(trial.breaker.last_failure->message == "rejected again: no a");
  trial.pass(120s);
  SECTION("other ends are what they always are") {
    CHECK(trial.call(Verdict::neutral).neutral);
    CHECK(trial.state() == BreakerState::half_open);
  }
  SECTION("an answer: the count starts from zero") {
    CHECK(trial.call(Verdict::success).recovered);
    trial.reject_four();
    trial.answered("a");
    CHECK(trial.state() == BreakerState::closed);
  }
}

TEST_CASE("a probe of another outage that is rejected is neutral, until five of them were [R6] [R24]") {
  Rejecting trial;
  trial.trip_and_cool();
  trial.reject_four();
  CHECK(trial.state() == BreakerState::half_open);
  trial.answered("a");
  const Settled settled = trial.reject("e");
  CHECK(settled.entered == BreakerState::open);
  CHECK_FALSE(settled.tripped);  // the same outage
  CHECK(trial.left() == 120s);
}

TEST_CASE("an answer elsewhere does not interrupt a probe that is running [R5] [R24]") {
  Rejecting trial;
  trial.trip_and_cool();
  trial.reject_four();
  trial.reject("e");
  const Ticket probe = trial.ticket();
  CHECK_FALSE(trial.answered("a").counted);
  CHECK(trial.report(probe, Verdict::success).recovered);
}
