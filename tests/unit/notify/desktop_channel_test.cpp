#include "core/notify/desktop_channel.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "core/os/file.hpp"
#include "core/os/scratch_directory.hpp"
#include "core/state/memory.hpp"
#include "tests/helpers/hand_clock.hpp"

// What becomes of the answers of delegate-notify, whose place a script takes here.
using namespace delegate;
using namespace delegate::notify;
using namespace std::chrono_literals;

namespace {

struct Desk {
  ScratchDirectory directory =
      ScratchDirectory::create(Directory::open(std::filesystem::temp_directory_path()).value()).value();
  SystemClock clock;
  CancelToken interrupted;
  const volatile std::sig_atomic_t signal = 0;
  ProcessFacts process{.environment = {{"XDG_RUNTIME_DIR", directory.path().string()}},
                       .clock = clock,
                       .interrupted = interrupted,
                       .signal = signal};
  Redactor redact{{}};
  std::unique_ptr<StateStore> store = make_memory_store(clock);
  Guards guards{store.get(), {"boot-1", 7, 1}, {.threshold = 3, .reset_after = 5min}};
  Announcement trip{.kind = "trip", .text = {"gemini: signed out", "run gemini"}, .rows = {{.subject = "gemini"}}};

  Path file(const std::string& name) const { return directory.path() / name; }
  Channel that_runs(const std::string& script) const {
    REQUIRE(replace_file(file("delegate-notify"), "#!/bin/sh\n" + script + "\n", 0755).has_value());
    return bus_channel(process, redact, file("delegate-notify").string());
  }
  /// A delegate-notify that keeps what it is given and says this.
  Channel that_says(const std::string& answer, int status) const {
    return that_runs("/bin/cat > '" + file("given").string() + "'\necho '" + answer + "'\nexit " +
                     std::to_string(status));
  }
  /// A portal: the tag stays the one of the notification that is replaced.
  Channel that_echoes_the_tag() const {
    return that_runs(R"sh(given=$(/bin/cat)
tag=${given##*'"tag":"'}
echo '{"delivered":true,"tag":"'"${tag%%'"'*}"'","took_ms":1}')sh");
  }
  DeliveryResult three_times(const Channel& channel) {
    deliver({channel}, guards, trip);
    deliver({channel}, guards, trip);
    return deliver({channel}, guards, trip);
  }
  bool is_paused() const { return store->guard("notify_desktop")->breaker.state == BreakerState::open; }
  std::string given() const { return read_file(file("given"), 10'000).value(); }
};

}  // namespace

TEST_CASE("what a server shows is recorded with its id and server, and is no failure of the channel") {
  Desk desk;
  const Channel server = desk.that_says(R"({"delivered":true,"id":7,"server":"bus/:1","took_ms":1})", 0);
  const DeliveryResult result = desk.three_times(server);
  CHECK(result.delivery == DeliveryState::delivered);
  CHECK(result.handle == "7@bus/:1");
  CHECK(desk.store->guard("notify_desktop").value() == GuardState{});
}

TEST_CASE("a missing server is no failure of the channel") {
  Desk desk;
  const Channel none = desk.that_says(R"({"delivered":false,"reason":"none is running","took_ms":1})", 1);
  CHECK(desk.three_times(none).detail == "desktop: none is running");
  CHECK_FALSE(desk.is_paused());
}

TEST_CASE("a server or a bus that never answers is one") {
  Desk desk;
  const std::string maybe = GENERATE(R"("maybe":true,)", "");
  desk.three_times(
      desk.that_says(R"({"delivered":false,)" + maybe + R"("timed_out":true,"reason":"late","took_ms":10000})", 1));
  CHECK(desk.is_paused());
}

TEST_CASE("the server gets several seconds, as no process waits for the announcer") {
  Desk desk;
  deliver({desk.that_says(R"({"delivered":true,"id":7,"server":"bus/:1","took_ms":1})", 0)}, desk.guards, desk.trip);
  CHECK_THAT(desk.given(), Catch::Matchers::Contains(R"("budget_ms":10000,"activation_ms":10000)"));
}

TEST_CASE("at the desktop portal the handle is the tag, under which it is replaced") {
  Desk desk;
  desk.trip.rows[0].id = 7;
  const Channel portal = desk.that_says(R"({"delivered":true,"tag":"delegate-gemini-7","took_ms":1})", 0);
  const DeliveryResult result = deliver({portal}, desk.guards, desk.trip);
  CHECK(result.handle == "portal:delegate-gemini-7");
  CHECK_THAT(desk.given(), Catch::Matchers::Contains(R"("tag":"delegate-gemini-7")"));
  desk.trip.replaces = result.handle;
  desk.trip.joint = {"gemini and codex: signed out", ""};
  deliver({portal}, desk.guards, desk.trip);
  CHECK_THAT(desk.given(), Catch::Matchers::Contains(R"("replaces":{"tag":"delegate-gemini-7"})"));
}

TEST_CASE("at the desktop portal no notification takes the place of one that shows another backend's outage") {
  Desk desk;
  const Channel portal = desk.that_echoes_the_tag();
  NotificationRows rows{{.id = 1, .kind = "trip", .subject = "gemini"}, {.id = 2, .kind = "trip", .subject = "codex"}};
  const auto send = [&](const NotificationRow& row, const std::string& replaces) {
    desk.trip.rows = {row};
    desk.trip.replaces = replaces;
    const std::string handle = deliver({portal}, desk.guards, desk.trip).handle;
    note_replacement(rows, desk.trip.rows, replaces, handle);
    return handle;
  };
  rows[0].handle = send(rows[0], "");
  rows[1].handle = send(rows[1], rows[0].handle);  // a storm: this one shows both
  REQUIRE(rows[0].handle == rows[1].handle);
  rows.push_back({.id = 3, .kind = "trip", .subject = "gemini"});  // announced as unstable, alone
  rows[2].handle = send(rows[2], "");
  CHECK(rows[2].handle != rows[1].handle);
  CHECK(rows[1].handle == "portal:delegate-gemini-1");  // codex is shown where it was
}

TEST_CASE("the desktop can deliver only where something may be the session bus") {
  Desk desk;
  const std::string notifier = desk.file("delegate-notify").string();
  CHECK_FALSE(bus_channel(desk.process, desk.redact, notifier).may_deliver);
  REQUIRE(replace_file(desk.file("bus"), "", 0600).has_value());
  CHECK(bus_channel(desk.process, desk.redact, notifier).may_deliver);
  CHECK_FALSE(bus_channel(desk.process, desk.redact, std::nullopt).may_deliver);
}

TEST_CASE("without a desktop, a terminal and a hook there is no channel that can deliver") {
  Desk desk;
  desk.process.err = -1;
  NotifySettings settings;
  const auto can_one = [&] {
    const auto all = channels_of(desk.process, settings, desk.redact);
    return std::any_of(all.begin(), all.end(), [](const Channel& channel) { return channel.may_deliver; });
  };
  CHECK_FALSE(can_one());
  settings.hook = {"/bin/true"};
  CHECK(can_one());
}

TEST_CASE("every outdated notification is closed, even if the first one cannot be") {
  Desk desk;
  const std::string notifier = desk.file("delegate-notify").string();
  const std::string script =
      "#!/bin/sh\n/bin/cat >> '" + desk.file("given").string() +
      "'\necho '{\"delivered\":false,\"timed_out\":true,\"reason\":\"late\",\"took_ms\":1}'\nexit 1\n";
  REQUIRE(replace_file(notifier, script, 0755).has_value());
  const Status closed = close_on_bus(desk.process, desk.redact, notifier, {"7@bus/:1", "8@bus/:1"});
  REQUIRE_FALSE(closed);
  CHECK(closed.error().what == "late");
  CHECK_THAT(desk.given(), Catch::Matchers::Contains(R"("close":{"id":7)"));
  CHECK_THAT(desk.given(), Catch::Matchers::Contains(R"("close":{"id":8)"));
}
