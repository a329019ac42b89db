#include "core/run/remarks.hpp"
#include "core/run/writers.hpp"
#include "tests/unit/run/asking.hpp"

// Requests that let a backend change files: who may be asked, and what follows when one fails half-way.
namespace delegate::test {
namespace {

Request to_write() {
  Request request;
  request.access = Access::write;
  request.cwd = "/";
  return request;
}

Request to_continue() {
  Request request = to_write();
  request.continue_writing = true;
  return request;
}

std::vector<std::string> fails_after(const std::string& what) { return {"--say", what, "--exit", "3"}; }

}  // namespace

TEST_CASE("who cannot change files is passed over by a request to change some, and the reason is given") {
  Asking asking;
  asking.backend("reader", {"--say", "done"}).can = {"read_files"};
  asking.backend("writer", {"--say", "done"});
  const RunResult run = asking.ask("auto", to_write());
  REQUIRE(run.answer);
  CHECK(run.answer->backend == "writer");
  REQUIRE(run.skips.size() == 1);
  CHECK(run.skips[0].backend == "reader");
  CHECK(run.skips[0].reason == SkipReason::cannot_write);
  CHECK(asking.lines("reader.spawns") == 0);
  CHECK(asking.ask("reader").answer);  // it may still be asked anything else
}

TEST_CASE("if no backend can change files there is no answer, whether by name, automatic or as the last resort") {
  Asking asking;
  asking.backend("reader", {"--say", "done"}).can = {"read_files"};
  asking.config.router.local = "reader";
  for (const char* name : {"auto", "reader"}) {
    const RunResult run = asking.ask(name, to_write());
    CHECK(run.outcome == Outcome::cannot_write);
    CHECK(traits(run.outcome).exit_code == 5);
    CHECK(run.message == (name == std::string("auto") ? "no backend that is installed can change files"
                                                      : "reader cannot change files"));
    CHECK_FALSE(run.hint.empty());
  }
  CHECK(asking.lines("reader.spawns") == 0);
}

TEST_CASE("if the one that can change files is not available, that is the reason") {
  Asking asking;
  asking.backend("reader", {"--say", "done"}).can = {"read_files"};
  asking.backend("writer", {"--say", "done"});
  REQUIRE(asking.breakers.change("writer", [](Breaker& breaker, const HostTime& now) { open_for(breaker, now, 1h); }));
  const RunResult run = asking.ask("auto", to_write());
  CHECK(run.outcome == Outcome::breaker_open);
  CHECK(traits(run.outcome).exit_code == 4);
}

TEST_CASE("a request to change files is a heavy one, whatever it says") {
  Asking asking;
  asking.backend("small", {"--say", "done"});
  asking.backend("large", {"--say", "done"});
  asking.config.router.order.names = {"large"};
  asking.config.router.order_light.names = {"small"};
  Request request = to_write();
  request.type = TaskType::summarize;
  CHECK(asking.ask("auto", request).answer->backend == "large");
  request.access = Access::read_only;
  CHECK(asking.ask("auto", request).answer->backend == "small");
}

TEST_CASE("after a backend has failed that may have changed files, no other one is asked") {
  Asking asking;
  asking.backend("first", {"--say", "changes src/a.cpp", "--say", "changes /src/b.cpp", "--exit", "3"});
  asking.backend("second", {"--say", "done"});
  const RunResult run = asking.ask("auto", to_write());
  CHECK_FALSE(run.answer);
  CHECK(asking.lines("second.spawns") == 0);
  REQUIRE(run.attempts.size() == 1);
  CHECK(run.attempts[0].may_have_written);
  CHECK(run.message.find("it may have changed src/a.cpp, src/b.cpp") != std::string::npos);
  const Remarks remarks = explain(run);
  CHECK(std::any_of(remarks.begin(), remarks.end(),
                    [](const Remark& remark) { return remark.text.find("--continue-writing") != std::string::npos; }));
  CHECK(run.half_change.parts ==
        std::vector<HalfChange::Part>{{"first", Outcome::exited_nonzero, {"src/a.cpp", "src/b.cpp"}}});
  const auto rows = asking.store->ledger().attempts(run.run_id);
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  CHECK(rows->front().may_have_written);
  CHECK(rows->front().written_files == std::vector<std::string>{"src/a.cpp", "src/b.cpp"});
}

TEST_CASE("before it has used a tool that can change something, the next one takes over as ever") {
  Asking asking;
  asking.backend("first", fails_after("looks at a.cpp"));
  asking.backend("second", {"--say", "done"});
  const RunResult run = asking.ask("auto", to_write());
  REQUIRE(run.answer);
  CHECK(run.answer->backend == "second");
  CHECK_FALSE(run.attempts[0].may_have_written);
  CHECK(run.half_change.parts.empty());
}

TEST_CASE("a backend that was only allowed to read has changed nothing, whatever it says") {
  Asking asking;
  asking.backend("first", fails_after("changes a.cpp"));
  asking.backend("second", {"--say", "done"});
  CHECK(asking.ask("auto").answer->backend == "second");
}

TEST_CASE("the next one goes on where one failed only if it may, and its prompt says what was begun") {
  Asking asking;
  asking.backend("first", fails_after("changes a.cpp"));
  asking.backend("second", {"--echo"}).command = {FAKE_CLI, "--echo"};
  const RunResult run = asking.ask("auto", to_continue());
  REQUIRE(run.answer);
  CHECK(run.answer->text.starts_with("hello\n"));
  CHECK(run.answer->text.find("first (crashed) began it in these files and did not finish") != std::string::npos);
  CHECK(run.answer->text.find("were changed: a.cpp.") != std::string::npos);
}

TEST_CASE("a later request can go on with a half change, and asks who failed after the others") {
  Asking asking;
  asking.backend("first", fails_after("changes a.cpp"));
  asking.backend("second", {"--echo"}).command = {FAKE_CLI, "--echo"};
  REQUIRE_FALSE(asking.ask("auto", to_write()).answer);
  const RunResult run = asking.ask("auto", to_continue());
  REQUIRE(run.answer);
  CHECK(asking.lines("first.spawns") == 1);
  CHECK(run.answer->text.find("first (crashed) began it") != std::string::npos);
  // That one has finished it: there is nothing left to go on with.
  asking.backend("first", {"--echo"}).command = {FAKE_CLI, "--echo"};
  CHECK(asking.ask("auto", to_continue()).answer->text == "hello");
}

TEST_CASE("the half change of another directory is none of this one's, and one of a killed run is of another agent") {
  Asking asking;
  asking.backend("first", {"--echo"}).command = {FAKE_CLI, "--echo"};
  Ledger& ledger = asking.store->ledger();
  RunRow killed{.id = "run-killed", .started_at = asking.clock.now().wall, .cwd = "/", .writes = true};
  killed.owner = asking.breakers.self();
  REQUIRE(ledger.begin_run(killed));
  CHECK(half_change_in(asking.engine, "/", "").value().parts.empty());  // it still runs
  killed.owner.start_time += 1;                                         // of a process that is no more
  REQUIRE(ledger.begin_run(killed));
  Request elsewhere = to_continue();
  elsewhere.cwd = "/tmp";
  CHECK(asking.ask("auto", elsewhere).answer->text == "hello");
  CHECK(asking.ask("auto", to_continue()).answer->text.find("another agent") != std::string::npos);
}

TEST_CASE("runs that changed nothing do not hide what an earlier one left half done") {
  Asking asking;
  asking.backend("first", fails_after("changes a.cpp"));
  REQUIRE_FALSE(asking.ask("auto", to_write()).answer);
  asking.backend("first", fails_after("looks at a.cpp"));
  REQUIRE_FALSE(asking.ask("auto", to_write()).answer);
  asking.backend("first", {"--say", "done"}).can = {"read_files"};
  REQUIRE_FALSE(asking.ask("auto", to_write()).answer);
  CHECK(half_change_in(asking.engine, "/", "").value().parts ==
        std::vector<HalfChange::Part>{{"first", Outcome::exited_nonzero, {"a.cpp"}}});
}

TEST_CASE("a run does not write where another one does; it waits for its end only if it is to") {
  Asking asking;
  asking.backend("first", {"--say", "done"});
  Writers writers(asking.store.get(), asking.breakers);
  std::optional<WriterLease> other(std::get<WriterLease>(
      writers.acquire({.directory = "/", .run_id = "run-other", .tag = "run-other", .lease = 1h})));
  const RunResult refused = asking.ask("auto", to_write());
  CHECK(refused.outcome == Outcome::directory_in_use);
  CHECK(traits(refused.outcome).exit_code == 4);
  CHECK(refused.message.find("run-other") != std::string::npos);
  CHECK_FALSE(refused.hint.empty());
  CHECK(asking.lines("first.spawns") == 0);
  CHECK(asking.ask("auto").answer);  // one that only reads is not kept out

  struct Waiter final : Observer {
    void waiting_for_directory(const std::string& other_run, const std::string& directory) override {
      CHECK(other_run == "run-other");
      CHECK(directory == "/");
      other->reset();  // it ends now
    }
    std::optional<WriterLease>* other = nullptr;
  };
  Waiter waiter;
  waiter.other = &other;
  Request patient = to_write();
  patient.slot_wait = kPatience;
  CHECK(asking.ask("auto", asking.never, waiter, patient).answer);
  CHECK_FALSE(other);
}

TEST_CASE("a run that waits for a breaker lets others write meanwhile, and takes its directory again") {
  Asking asking;
  asking.backend("first", {"--say", "done"});
  REQUIRE(asking.breakers.change("first", [](Breaker& breaker, const HostTime& now) { open_for(breaker, now, 1h); }));
  struct Waiter final : Observer {
    void waiting_for_breaker(const std::vector<std::string>&) override {
      const auto other = Writers(asking->store.get(), asking->breakers)
                             .acquire({.directory = "/", .run_id = "run-other", .tag = "run-other", .lease = 1h});
      was_free = std::holds_alternative<WriterLease>(other);
      asking->make_half_open("first");
    }
    Asking* asking = nullptr;
    bool was_free = false;
  };
  Waiter waiter;
  waiter.asking = &asking;
  Request patient = to_write();
  patient.breaker_wait = kPatience;
  CHECK(asking.ask("auto", asking.never, waiter, patient).answer);
  CHECK(waiter.was_free);
}

TEST_CASE("a run that waits for a directory comes before those that come later; one that gives up leaves the line") {
  Asking asking;
  asking.backend("first", {"--say", "done"});
  Writers writers(asking.store.get(), asking.breakers);
  const WriterRequest other{.directory = "/", .run_id = "run-other", .tag = "run-other", .lease = 1h};
  std::optional<WriterLease> held(std::get<WriterLease>(writers.acquire(other)));
  struct Waiter final : Observer {
    explicit Waiter(std::function<void()> when_waiting) : when_waiting_(std::move(when_waiting)) {}
    void waiting_for_directory(const std::string&, const std::string&) override { when_waiting_(); }

   private:
    std::function<void()> when_waiting_;
  };
  Request patient = to_write();
  patient.slot_wait = kPatience;
  SECTION("it comes first") {
    Waiter waiter([&] {
      held.reset();
      const auto newcomer = writers.acquire(other);
      REQUIRE(std::holds_alternative<WriterRefusal>(newcomer));
      CHECK(std::get<WriterRefusal>(newcomer).message.find("is the next to write in /") != std::string::npos);
    });
    CHECK(asking.ask("auto", asking.never, waiter, patient).answer);
  }
  SECTION("after a cancel") {
    CancelToken cancel;
    Waiter waiter([&] { cancel.cancel(); });
    CHECK(asking.ask("auto", cancel, waiter, patient).outcome == Outcome::cancelled);
  }
  SECTION("after its time") {
    patient.slot_wait = 1ms;
    CHECK(asking.ask("auto", patient).outcome == Outcome::directory_in_use);
  }
  held.reset();
  CHECK(asking.store->writers().value() == WritersState{});
}

TEST_CASE("a background run asks for its place when the directory is free, and lets others write until it has one") {
  Asking asking;
  asking.backend("first", {"--say", "done"});
  Writers writers(asking.store.get(), asking.breakers);
  const WriterRequest other{.directory = "/", .run_id = "run-other", .tag = "run-other", .lease = 1h};
  std::optional<WriterLease> held(std::get<WriterLease>(writers.acquire(other)));
  struct Waiter final : Observer {
    void waiting_for_directory(const std::string&, const std::string&) override {
      ++waits;
      held->reset();
    }
    bool may_go_on() override {
      CHECK(waits == 1);
      // Others come before it from the second look on.
      CHECK(std::holds_alternative<WriterLease>(writers->acquire(*other)) == (questions > 0));
      return ++questions > 2;
    }
    int waits = 0;
    int questions = 0;
    std::optional<WriterLease>* held = nullptr;
    Writers* writers = nullptr;
    const WriterRequest* other = nullptr;
  };
  Waiter waiter;
  waiter.held = &held;
  waiter.writers = &writers;
  waiter.other = &other;
  Request request = to_write();
  request.in_background = true;
  CHECK(asking.ask("auto", asking.never, waiter, request).answer);
  CHECK(waiter.questions == 3);
  CHECK(asking.store->writers().value() == WritersState{});
}

TEST_CASE("a background run gives its place back if another run has taken the directory meanwhile") {
  Asking asking;
  asking.backend("first", {"--say", "done"});
  Writers writers(asking.store.get(), asking.breakers);
  const WriterRequest other{.directory = "/", .run_id = "run-other", .tag = "run-other", .lease = 1h};
  std::optional<WriterAdmission> held(writers.acquire(other));
  struct Waiter final : Observer {
    void waiting_for_directory(const std::string&, const std::string&) override {
      ++waits;
      held->reset();
    }
    bool may_go_on() override {
      if (++questions == 2) held->emplace(writers->acquire(*other));
      return questions > 1;
    }
    int waits = 0;
    int questions = 0;
    std::optional<WriterAdmission>* held = nullptr;
    Writers* writers = nullptr;
    const WriterRequest* other = nullptr;
  };
  Waiter waiter;
  waiter.held = &held;
  waiter.writers = &writers;
  waiter.other = &other;
  Request request = to_write();
  request.in_background = true;
  CHECK(asking.ask("auto", asking.never, waiter, request).answer);
  CHECK(waiter.waits == 2);
  CHECK(waiter.questions == 3);
}

TEST_CASE("a backend without sessions is not asked to continue one") {
  Asking asking;
  asking.backend("first", {"--say", "done"}).can = {"read_files"};
  Request request;
  request.session = "1234";
  const RunResult run = asking.ask("first", request);
  CHECK(run.outcome == Outcome::bad_request);
  CHECK(asking.lines("first.spawns") == 0);
}

}  // namespace delegate::test
