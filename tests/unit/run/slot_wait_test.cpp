#include "tests/unit/run/asking.hpp"

// A request that waits while all who could be asked have no free slot: nobody sits before it.
using namespace delegate;
using namespace delegate::test;

namespace {

using Names = std::vector<std::string>;

/// Holds the slots of others, and does something when the run is held up.
class Waiting final : public Observer {
 public:
  explicit Waiting(std::function<void()> when_held_up) : when_held_up_(std::move(when_held_up)) {}
  void asking(const std::string& backend, bool) override { asked.push_back(backend); }
  void waiting_for_slot(const Names& backends) override {
    held_up_by.push_back(join(backends, "+"));
    when_held_up_();
  }
  bool may_go_on() override {
    ++questions;
    return refusals-- <= 0;
  }
  Names asked;
  Names held_up_by;
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
    more.waits_for_slot = true;
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
  CHECK(asking.ask("auto", cancel, leaver, {.waits_for_slot = true}).outcome == Outcome::cancelled);
}

TEST_CASE("a run whose slot was taken by another one meanwhile waits on, and says each thing once") {
  Full asking;
  asking.full_backend("codex");
  class Overtaken final : public Observer {
   public:
    explicit Overtaken(Full& asking) : asking_(asking) {}
    void waiting_for_slot(const Names&) override {
      ++held_up_times;
      asking_.permits.clear();
    }
    bool may_go_on() override {
      if (held_up_times == 1) asking_.take("codex");  // between the look and the asking
      return true;
    }
    int held_up_times = 0;

   private:
    Full& asking_;
  };
  Overtaken observer(asking);
  const RunResult result = asking.wait(observer, "auto", {.tier = Tier::small});
  CHECK(result.outcome == Outcome::answered);
  CHECK(observer.held_up_times == 2);
  CHECK(result.skips.empty());
  CHECK(std::count_if(result.warnings.begin(), result.warnings.end(), [](const std::string& warning) {
          return warning.find("no model for this tier") != std::string::npos;
        }) == 1);
}

TEST_CASE("a run goes on only when it may, and is asked about until then") {
  Full asking;
  asking.full_backend("codex");
  Waiting observer([&] { asking.permits.clear(); });
  observer.refusals = 2;
  CHECK(asking.wait(observer).outcome == Outcome::answered);
  CHECK(observer.questions == 3);
  CHECK(observer.held_up_by.size() == 1);
}

TEST_CASE("the slot of a process that is gone is a free one") {
  Full asking;
  asking.full_backend("codex");
  REQUIRE(asking.store->update(
      "codex", [](BackendState& state, const HostTime&) { state.slots[0].owner.boot_id = "another boot"; }));
  CHECK(asking.breakers.has_free_slot("codex", 1));
  CHECK(asking.breakers.has_free_slot("nobody-knows", 1));
}
