#include "core/notify/channels.hpp"

#include <catch2/catch.hpp>

#include "core/state/memory.hpp"
#include "tests/helpers/hand_clock.hpp"

// The walk down the ladder of channels, with their guards.
using namespace delegate;
using namespace delegate::notify;
using namespace std::chrono_literals;
using delegate::test::HandClock;

namespace {

struct Ladder {
  HandClock clock;
  std::unique_ptr<StateStore> store = make_memory_store(clock);
  Guards guards{store.get(), {"boot-1", 7, 1}, {.threshold = 1, .reset_after = 5min}};
  std::optional<Error> broken;  // what is wrong with the hook; else it takes all
  ChannelResult desktop{.accepted = true, .handle = "7@bus/:1"};

  bool goes_on = false;

  DeliveryResult walk() {
    const Channel hook{.name = "hook",
                       .deliver = [this](const Announcement&) -> Result<ChannelResult> {
                         if (broken) return tl::unexpected(*broken);
                         return ChannelResult{.accepted = true};
                       },
                       .goes_on = goes_on};
    const Channel second{"desktop", [this](const Announcement&) -> Result<ChannelResult> { return desktop; }};
    return deliver({hook, second}, guards, {.kind = "test"});
  }
  void break_with(Code code, std::string why) { broken = Error{code, std::move(why), ""}; }
};

}  // namespace

TEST_CASE("a failed channel's reason is recorded even if the next channel delivers") {
  Ladder ladder;
  ladder.break_with(Code::unavailable, "exit status 7");
  const DeliveryResult first = ladder.walk();
  CHECK(first.delivery == DeliveryState::delivered);
  CHECK(first.channel == "desktop");
  CHECK(first.handle == "7@bus/:1");
  CHECK(first.detail == "hook: exit status 7 (notify_hook: failed, paused for 5m (last: exit status 7))");
  CHECK(ladder.walk().detail ==
        "hook: paused after repeated failures (notify_hook: skipped once so far (last: exit status 7))");
  ladder.desktop.detail = "osc99";
  CHECK(ladder.walk().detail == "osc99; hook: paused after repeated failures");
}

TEST_CASE("the record of a delivery says that its channel has recovered") {
  Ladder ladder;
  ladder.break_with(Code::unavailable, "exit status 7");
  ladder.walk();
  ladder.walk();
  ladder.broken.reset();
  ladder.clock.pass(5min);
  const DeliveryResult walk = ladder.walk();
  CHECK(walk.channel == "hook");
  CHECK(walk.detail == "notify_hook: works again, was skipped once");
  CHECK(ladder.walk().detail.empty());
}

TEST_CASE("no further channel is tried after one that may have delivered; interruption is not a failure") {
  Ladder ladder;
  ladder.break_with(GENERATE(Code::deadline_exceeded, Code::cancelled), "may have told it");
  const DeliveryResult walk = ladder.walk();
  CHECK(walk.delivery == DeliveryState::undelivered);
  CHECK(walk.detail.find("desktop") == std::string::npos);
  CHECK((ladder.store->guard("notify_hook").value() == GuardState{}) == (ladder.broken->code == Code::cancelled));
}

TEST_CASE("with notify.hook_and_desktop both get it, whatever became of the hook") {
  Ladder ladder;
  ladder.goes_on = true;
  const DeliveryResult both = ladder.walk();
  CHECK(both.delivery == DeliveryState::delivered);
  CHECK(both.channel == "hook and desktop");
  CHECK(both.handle == "7@bus/:1");
  ladder.desktop = {.detail = "no notification server"};
  const DeliveryResult hook_only = ladder.walk();
  CHECK(hook_only.delivery == DeliveryState::delivered);
  CHECK(hook_only.channel == "hook");
  CHECK(hook_only.detail == "desktop: no notification server");
  ladder.desktop = {.accepted = true};
  ladder.break_with(Code::deadline_exceeded, "did not end within 5 s");
  const DeliveryResult desktop_only = ladder.walk();
  CHECK(desktop_only.channel == "desktop");
  CHECK(desktop_only.detail.starts_with("hook: did not end within 5 s"));
}
