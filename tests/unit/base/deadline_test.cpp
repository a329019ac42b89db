#include "core/base/deadline.hpp"

#include <catch2/catch.hpp>

using namespace delegate;
using namespace std::chrono_literals;

TEST_CASE("a deadline passes at its moment, and \"never\" does not pass") {
  const Steady now{100s};
  const Deadline soon = Deadline::at(now + 5s);
  CHECK_FALSE(soon.passed(now));
  CHECK(soon.passed(now + 5s));
  CHECK_FALSE(Deadline::never().passed(now));
}

TEST_CASE("the time left is rounded up, so that a waiter does not wake too early and spin") {
  const Steady now{100s};
  CHECK(Deadline::at(now + 1500us).left(now) == 2ms);
  CHECK(Deadline::at(now + 1ns).left(now) == 1ms);
  CHECK(Deadline::at(now).left(now) == 0ms);
  CHECK(Deadline::at(now - 5s).left(now) == 0ms);
  CHECK(Deadline::never().left(now) == std::nullopt);
}

TEST_CASE("the earlier of two deadlines counts") {
  const Steady now{100s};
  const Deadline early = Deadline::at(now + 1s);
  const Deadline late = Deadline::at(now + 2s);
  for (const Deadline& other : {late, Deadline::never(), early}) {
    CHECK(early.or_earlier(other).left(now) == 1s);
    CHECK(other.or_earlier(early).left(now) == 1s);
  }
  CHECK(Deadline::never().or_earlier(Deadline::never()).left(now) == std::nullopt);
}
