#include "core/os/launch.hpp"
#include "core/os/process.hpp"
#include "tests/unit/run/quota_windows.hpp"

// A request that waits while all who could be asked have no free slot: no person sits before it.
using namespace delegate;
using namespace delegate::test;

namespace {

using Names = std::vector<std::string>;

/// Holds the slots of others, and does something when the run is held up.
class Waiting final : public Observer {
 public:
  explicit Waiting(std::function<void()> when_held_up) : when_held_up_(std::move(when_held_up)) {}
  void asking(const std::string& backend, bool) override { asked.push_back(backend); }
  void waiting_for_slot(const Names& backends, int ahead) override {
    held_up_by.push_back(join(backends, "+"));
    calls_ahead.push_back(ahead);
    when_held_up_();
  }
  void waiting_for_breaker(const Names& backends) override {
    held_up_by.push_back(join(backends, "+"));
    when_held_up_();
  }
  bool may_go_on() override {
    ++questions;
    return refusals-- <= 0;
  }
  bool may_start() override {
    starts.push_back(static_cast<int>(asked.size()));
    return !forbids_start;
  }
  Names asked;
  Names held_up_by;
  std::vector<int> calls_ahead;
  std::vector<int> starts;  // how many were asked before each
  bool forbids_start = false;
  int refusals = 0;
  int questions = 0;

 private:
  std::function<void()> when_held_up_;
};

class Full : public Asking {
 public:
  /// A backend with one slot, which is taken.
  void full_backend(const std::string& name) {
    backend(name, {"--say", name + " says hi"}).max_parallel = 1;
    take(name);
  }
  void take(const std::string& name) {
    auto admission = breakers.admit({.backend = name, .max_parallel = 1, .lease = 1h});
    permits.emplace(name, std::get<Permit>(std::move(admission)));
  }
  RunResult wait(Observer& observer, const std::string& name = "auto", Request more = {}) {
    if (!more.slot_wait) more.in_background = true;
    return Asking::ask(name, never, observer, std::move(more));
  }
  std::map<std::string, Permit> permits;
};

}  // namespace

TEST_CASE("a run waits until a backend without a free slot has one") {
  Full asking;
  for (const char* name : {"codex", "gemini"}) asking.full_backend(name);
  Waiting observer([&] { asking.permits.erase("gemini"); });
  const RunResult result = asking.wait(observer);
  CHECK(result.outcome == Outcome::answered);
  CHECK(result.answer->backend == "gemini");
  CHECK(observer.held_up_by == Names{"codex+gemini"});
  CHECK(observer.asked == Names{"gemini"});
  CHECK(asking.state("gemini").slots.empty());
}

TEST_CASE("a run that does not wait ends at once, as it is for a person at a shell") {
  Full asking;
  asking.full_backend("codex");
  Waiting observer([] {});
  const RunResult result = asking.Asking::ask("auto", asking.never, observer);
  CHECK(result.outcome == Outcome::no_slot);
  CHECK(observer.held_up_by.empty());
}

TEST_CASE("a backend with a free slot is asked first, and waiting begins when the others have failed") {
  Full asking;
  asking.full_backend("codex");
  asking.backend("gemini", {"--exit", "3"});
  Waiting observer([&] { asking.permits.clear(); });
  const RunResult result = asking.wait(observer);
  CHECK(result.outcome == Outcome::answered);
  CHECK(observer.asked == Names{"gemini", "codex"});
  CHECK(asking.lines("gemini.spawns") == 1);
}

TEST_CASE("a run waits for a full backend before it uses a reserve that is not firm") {
  Full asking;
  asking.config.router.reserve_is = "soft";
  asking.backend("claude", {}).reserve = {{"", 0.15}};
  know(asking, "claude", {week(0.9, asking)});
  asking.full_backend("codex");
  Waiting observer([&] { asking.permits.clear(); });
  CHECK(asking.wait(observer).outcome == Outcome::answered);
  CHECK(observer.asked == Names{"codex"});
}

TEST_CASE("a run does not wait for a backend that it would not ask") {
  Full asking;
  asking.backend("codex", {"--exit", "3"});
  asking.full_backend("gemini");
  Waiting observer([] {});
  CHECK(asking.wait(observer, "codex").outcome == Outcome::exited_nonzero);
  CHECK(asking.wait(observer, "auto", {.fallback = false}).outcome == Outcome::exited_nonzero);
  CHECK(observer.held_up_by.empty());
}

TEST_CASE("waiting ends with the run's time, and with a cancel") {
  Full asking;
  asking.full_backend("codex");
  Waiting nobody([] {});
  const RunResult late = asking.wait(nobody, "auto", {.timeout = 500ms});
  CHECK(late.outcome == Outcome::deadline_passed);
  REQUIRE(late.skips.size() == 1);
  CHECK(late.skips[0].reason == SkipReason::no_slot);

  CancelToken cancel;
  Waiting leaver([&] { cancel.cancel(); });
  CHECK(asking.ask("auto", cancel, leaver, {.in_background = true}).outcome == Outcome::cancelled);
}

TEST_CASE("a run whose turn has come is not overtaken, and says each thing once") {
  Full asking;
  asking.full_backend("codex");
  class Overtaken final : public Observer {
   public:
    explicit Overtaken(Full& asking) : asking_(asking) {}
    void waiting_for_slot(const Names&, int) override { asking_.permits.clear(); }
    bool may_go_on() override {  // between the look and the asking
      newcomer_was_refused =
          std::holds_alternative<Skip>(asking_.breakers.admit({.backend = "codex", .max_parallel = 1, .lease = 1h}));
      return true;
    }
    bool newcomer_was_refused = false;

   private:
    Full& asking_;
  };
  Overtaken observer(asking);
  const RunResult result = asking.wait(observer, "auto", {.tier = Tier::small});
  CHECK(result.outcome == Outcome::answered);
  CHECK(observer.newcomer_was_refused);
  CHECK(result.skips.empty());
  CHECK(std::count_if(result.warnings.begin(), result.warnings.end(), [](const std::string& warning) {
          return warning.find("no model for this tier") != std::string::npos;
        }) == 1);
}

TEST_CASE("a run that may not go on leaves the slot to the next in the line, and is asked about again") {
  Full asking;
  asking.full_backend("codex");
  Waiting observer([&] { asking.permits.clear(); });
  observer.refusals = 2;
  CHECK(asking.wait(observer).outcome == Outcome::answered);
  CHECK(observer.questions == 3);
}

TEST_CASE("calls get the free slots of a backend in the order in which they came") {
  Full asking;
  asking.full_backend("codex");
  const AdmissionRequest newcomer{.backend = "codex", .max_parallel = 1, .lease = 1h};
  AdmissionRequest first = newcomer, second = newcomer;
  first.place = asking.breakers.new_place();
  second.place = asking.breakers.new_place();
  const auto position = [&](const AdmissionRequest& wanted) { return asking.breakers.line_up(wanted, 1h).value(); };
  const auto is_admitted = [&](const AdmissionRequest& wanted) {
    return std::holds_alternative<Permit>(asking.breakers.admit(wanted));  // and gives the slot back at once
  };
  CHECK_FALSE(position(first).has_turn);
  CHECK(position(second).ahead == 1);
  CHECK_FALSE(is_admitted(first));
  asking.permits.clear();
  CHECK(position(first).has_turn);
  CHECK_FALSE(position(second).has_turn);
  SECTION("a call that does not wait comes after all that do") {
    auto refused = asking.breakers.admit(newcomer);
    REQUIRE(std::holds_alternative<Skip>(refused));
    CHECK(std::get<Skip>(refused).message == "0 of 1 slots in use, 2 waiting");
    CHECK_FALSE(is_admitted(second));
    CHECK(is_admitted(first));
    CHECK_FALSE(is_admitted(newcomer));
    CHECK(is_admitted(second));
    CHECK(is_admitted(newcomer));
  }
  SECTION("one that leaves delays no other") {
    asking.breakers.leave_line("codex", first.place);
    CHECK(position(second).has_turn);
    CHECK(position(second).ahead == 0);
  }
  SECTION("nor does one whose process is gone") {
    REQUIRE(asking.store->update(
        "codex", [](BackendState& state, const HostTime&) { state.waiting[0].owner.boot_id = "another boot"; }));
    CHECK(position(second).has_turn);
    CHECK(is_admitted(second));
    CHECK(asking.state("codex").waiting.empty());
  }
}

TEST_CASE("a line has an end") {
  Full asking;
  asking.full_backend("codex");
  const SlotLease somebody{"them", asking.breakers.self(), Span{asking.clock.now(), 1h}};
  REQUIRE(asking.store->update("codex", [&](BackendState& state, const HostTime&) {
    for (int i = 0; i < 256; ++i) state.waiting.push_back(somebody);
  }));
  Waiting observer([] {});
  const RunResult result = asking.wait(observer);
  CHECK(result.outcome == Outcome::no_slot);
  CHECK(result.warnings == Names{"codex: 256 calls wait for a slot already"});
}

TEST_CASE("a call waits as long as it wants to, and as its backends are configured") {
  Full asking;
  asking.full_backend("codex");
  const auto frees_it = [&] { asking.permits.clear(); };
  Waiting observer(frees_it);
  SECTION("not at all, though the backend says so") {
    asking.config.backends["codex"].when_full = "wait";
    CHECK(asking.Asking::ask("auto", asking.never, observer, {.slot_wait = 0ms}).outcome == Outcome::no_slot);
    CHECK(observer.held_up_by.empty());
  }
  SECTION("for a time, after which the run ends as it would have at once") {
    Waiting nobody([] {});
    CHECK(asking.Asking::ask("auto", asking.never, nobody, {.slot_wait = 1ms}).outcome == Outcome::no_slot);
    CHECK(nobody.held_up_by == Names{"codex"});
    CHECK(asking.state("codex").waiting.empty());
  }
  SECTION("as the backend says") {
    asking.config.backends["codex"].when_full = "wait";
    CHECK(asking.Asking::ask("auto", asking.never, observer).outcome == Outcome::answered);
    CHECK(observer.calls_ahead == std::vector<int>{0});
  }
  SECTION("not inside another run, which may hold the slot") {
    asking.config.backends["codex"].when_full = "wait";
    asking.engine.environment["DELEGATE_DEPTH"] = "1";
    CHECK(asking.Asking::ask("auto", asking.never, observer).outcome == Outcome::no_slot);
  }
}

TEST_CASE("without a usable store a background run waits, and starts nothing; any other goes on") {
  Asking asking;
  asking.backend("codex", {"--say", "hi"});
  Breakers none(nullptr, Error{Code::unavailable, "the disk is full", {}}, asking.breakers.self());
  const Engine engine{.config = asking.config,
                      .find_backend = plain_cli,
                      .breakers = none,
                      .guards = asking.guards,
                      .ledger = nullptr,
                      .clock = asking.clock,
                      .environment = asking.engine.environment,
                      .scratch = {},
                      .redact = Redactor({})};
  class Told final : public Observer {
   public:
    void waiting_for_state(const std::string& told) override { why = told; }
    std::string why;
  };
  Told told;
  const Request request{.prompt = "hello", .timeout = 200ms, .in_background = true};
  const RunResult waited = ask(engine, request, asking.never, told);
  CHECK(waited.outcome == Outcome::deadline_passed);
  CHECK(told.why == "the state cannot be used: the disk is full");
  CHECK(waited.skips.at(0).reason == SkipReason::state_unusable);
  CHECK(asking.lines("codex.spawns") == 0);
  CHECK(ask(engine, Request{.prompt = "hello"}, asking.never, told).outcome == Outcome::answered);
}

TEST_CASE("the slot of a process that is gone is a free one") {
  Full asking;
  asking.full_backend("codex");
  REQUIRE(asking.store->update(
      "codex", [](BackendState& state, const HostTime&) { state.slots[0].owner.boot_id = "another boot"; }));
  CHECK(asking.breakers.line_up({.backend = "codex", .max_parallel = 1, .place = "mine"}, 1h)->has_turn);
}

TEST_CASE("the slot of a killed call is taken until the processes of the call have ended") {
  Full asking;
  asking.full_backend("codex");
  const Program sleeper{
      .executable = "/bin/sleep", .argv = {"sleep", "60"}, .env = {std::string(kRunIdVariable) + "=run-1.1"}};
  const pid_t pid = start_in_session(sleeper, STDERR_FILENO, "/").value();
  // The kernel shows no environment while it exchanges it.
  REQUIRE(eventually([] { return !processes_tagged(std::string(kRunIdVariable), "run-1.1").empty(); }));
  REQUIRE(asking.store->update("codex", [&](BackendState& state, const HostTime&) {
    state.slots[0].owner = {asking.breakers.self().boot_id, pid, 1, asking.breakers.self().pid_namespace};
    state.slots[0].tag = "run-1.1";
  }));
  const AdmissionRequest wanted{.backend = "codex", .max_parallel = 1, .lease = 1h};
  REQUIRE(asking.breakers.is_dead(asking.state("codex").slots[0].owner));  // it started at another time
  CHECK(asking.breakers.has_left_processes(asking.store->read().value(), asking.state("codex").slots[0].owner));
  CHECK(std::get<Skip>(asking.breakers.admit(wanted)).reason == SkipReason::no_slot);
  kill_child(pid);
  REQUIRE(wait_for_end(pid));
  CHECK(std::holds_alternative<Permit>(asking.breakers.admit(wanted)));
}

TEST_CASE("a call that is not to start leaves nothing behind") {
  Full asking;
  asking.backend("codex", {"--say", "hi"});
  Waiting observer([] {});
  observer.forbids_start = true;
  const RunResult result = asking.wait(observer, "codex");
  CHECK_FALSE(result.answer);
  CHECK(observer.asked.empty());
  CHECK(asking.lines("codex.spawns") == 0);
  CHECK(asking.state("codex").slots.empty());
}

TEST_CASE("a background run waits for a breaker if it is to, before it has started anything") {
  Full asking;
  for (const char* name : {"codex", "gemini"}) {
    asking.backend(name, {"--say", std::string(name) + " says hi"});
    REQUIRE(asking.breakers.change(name, [](Breaker& breaker, const HostTime& now) { open_for(breaker, now, 1h); }));
  }
  Waiting observer(
      [&] { REQUIRE(asking.breakers.change("gemini", [](Breaker& breaker, const HostTime&) { reset(breaker); })); });
  SECTION("until one would admit it") {
    const RunResult result = asking.wait(observer, "auto", {.breaker_wait = 1h});
    CHECK(result.outcome == Outcome::answered);
    CHECK(result.answer->backend == "gemini");
    CHECK(observer.held_up_by == Names{"codex+gemini"});
    CHECK(observer.starts == std::vector<int>{0});
  }
  SECTION("for as long as it may") {
    Waiting patient([] {});
    CHECK(asking.wait(patient, "auto", {.breaker_wait = 1ms}).outcome == Outcome::breaker_open);
    CHECK(patient.held_up_by.size() == 1);
  }
  SECTION("and not otherwise") {
    CHECK(asking.wait(observer, "auto").outcome == Outcome::breaker_open);
    CHECK(observer.held_up_by.empty());
  }
}

TEST_CASE("a place in the line is kept by looking, and lost by a process that has stopped") {
  Full asking;
  asking.full_backend("codex");
  const AdmissionRequest first{.backend = "codex", .max_parallel = 1, .place = "first"};
  const AdmissionRequest second{.backend = "codex", .max_parallel = 1, .place = "second"};
  CHECK(asking.breakers.line_up(first, 1h)->ahead == 0);
  CHECK(asking.breakers.line_up(second, 1h)->ahead == 1);
  const auto age = [&](milliseconds by) {
    REQUIRE(asking.store->update("codex", [&](BackendState& state, const HostTime&) {
      state.waiting[0].span.since.boot -= by;
      state.waiting[0].span.since.wall -= by;
    }));
  };
  age(40min);
  CHECK(asking.breakers.line_up(first, 1h)->ahead == 0);  // renewed
  age(40min);
  CHECK(asking.breakers.line_up(second, 1h)->ahead == 1);
  age(40min);
  CHECK(asking.breakers.line_up(second, 1h)->ahead == 0);
}

TEST_CASE("a store that others keep locked while it is opened is no permission") {
  Asking asking;
  asking.backend("codex", {"--say", "hi"});
  Breakers locked(nullptr, Error{Code::busy, "state.db.lock: another process has held it", {}}, asking.breakers.self());
  const auto refused = locked.admit({.backend = "codex", .max_parallel = 1, .lease = 1h});
  REQUIRE(std::holds_alternative<Skip>(refused));
  CHECK(std::get<Skip>(refused).reason == SkipReason::state_locked);
  CHECK(locked.unguarded_because().empty());
  CHECK(locked.trouble() == "state.db.lock: another process has held it");
}
