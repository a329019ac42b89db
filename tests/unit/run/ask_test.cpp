#include "core/run/ask.hpp"

#include <algorithm>
#include <atomic>

#include "core/run/remarks.hpp"
#include "tests/unit/run/asking.hpp"

using namespace delegate;
using namespace delegate::test;

namespace {

using Heard = std::vector<std::string>;

/// Runs `body` on eight threads at a time.
template <class Body>
std::vector<RunResult> eight_times(Body body) {
  std::vector<RunResult> results(8);
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (RunResult& result : results)
    threads.emplace_back([&] {
      for (++ready; ready < 8;) std::this_thread::yield();
      result = body();
    });
  for (std::thread& thread : threads) thread.join();
  return results;
}

std::ptrdiff_t count(const std::vector<RunResult>& results, Outcome outcome) {
  return std::count_if(results.begin(), results.end(), [&](const RunResult& one) { return one.outcome == outcome; });
}

void nothing_is_held(Asking& asking, const std::string& name) {
  const BackendState state = asking.state(name);
  CHECK(state.slots.empty());
  CHECK_FALSE(state.breaker.probe.has_value());
}

}  // namespace

TEST_CASE("an answer comes back with who gave it, and the breaker hears of it") {
  Asking asking;
  asking.backend("codex", {"--say", "hi"});
  const RunResult result = asking.ask();
  REQUIRE(result.answer.has_value());
  CHECK(result.outcome == Outcome::answered);
  CHECK(result.answer->text == "hi\n");
  CHECK(result.answer->backend == "codex");
  CHECK(result.answer->kind == "plain");
  CHECK(result.attempts.size() == 1);
  CHECK(result.attempts[0].text.empty());  // the answer has it
  CHECK(result.attempts[0].counted);
  CHECK(result.pending == nullptr);
  nothing_is_held(asking, "codex");
}

TEST_CASE("the observer hears everything in the order in which it happens, from the asking thread") {
  Asking asking;
  asking.backend("claude", {}).enabled = false;
  asking.backend("codex", {"--exit", "3"});
  asking.backend("gemini", {"--say", "hi"});
  REQUIRE(asking.breakers.change("mistral", [](Breaker& breaker, const HostTime&) { force_open(breaker); }));
  asking.config.router.order.names = {"codex", "mistral", "claude", "gemini"};
  asking.backend("mistral", {});
  asking.config.router.order.names = {"codex", "mistral", "claude", "gemini"};
  Listener listener;
  CHECK(asking.ask("auto", asking.never, listener).outcome == Outcome::answered);
  CHECK(listener.heard == Heard{"skipped claude: disabled", "asking codex", "ended codex: exited_nonzero",
                                "skipped mistral: tripped_by_hand", "asking gemini", "ended gemini: answered"});
}

TEST_CASE("a cancel from another thread ends the call at once, and counts for nothing") {
  Asking asking;
  asking.backend("codex", {"--hang"});
  asking.backend("gemini", {"--say", "hi"});
  CancelToken cancel;
  Listener listener;
  std::thread person([&] {
    static_cast<void>(eventually([&] { return asking.lines("codex.spawns") == 1; }));
    cancel.cancel();
  });
  const RunResult result = asking.ask("auto", cancel, listener);
  person.join();
  CHECK(result.outcome == Outcome::cancelled);
  CHECK_FALSE(result.answer.has_value());
  CHECK(listener.heard == Heard{"asking codex", "ended codex: cancelled"});
  CHECK(asking.state("codex").breaker.streak.empty());
  nothing_is_held(asking, "codex");
}

TEST_CASE("what was cancelled before it began starts nothing") {
  Asking asking;
  asking.backend("codex", {"--say", "hi"});
  CancelToken cancel;
  cancel.cancel();
  Listener listener;
  CHECK(asking.ask("auto", cancel, listener).outcome == Outcome::cancelled);
  CHECK(listener.heard.empty());
  CHECK(asking.lines("codex.spawns") == 0);
}

TEST_CASE("however an attempt ends, its permit is given back") {
  Asking asking;
  BackendSettings& codex = asking.backend("codex", {"--say", "hi"});
  Request request;
  Outcome expected = Outcome::answered;
  SECTION("with an answer") {}
  SECTION("with a failure") {
    asking.backend("codex", {"--exit", "3"});
    expected = Outcome::exited_nonzero;
  }
  SECTION("with nothing") {
    asking.backend("codex", {});
    expected = Outcome::lost_result;
  }
  SECTION("killed from outside") {
    asking.backend("codex", {"--die", "SIGKILL"});
    expected = Outcome::killed_by_signal;
  }
  SECTION("after its own time") {
    asking.backend("codex", {"--hang"}).timeout = 100ms;
    expected = Outcome::timed_out;
  }
  SECTION("at the run's deadline") {
    asking.backend("codex", {"--hang"}).timeout = 1s;
    request.timeout = 100ms;
    expected = Outcome::deadline_passed;
  }
  SECTION("before it began, because it cannot work") {
    codex.model = "none";
    expected = Outcome::model_rejected;
  }
  SECTION("before it began, because nothing can be started there") {
    request.cwd = "/nonexistent";
    expected = Outcome::spawn_failed;
  }
  for (const bool is_probe : {false, true}) {
    if (is_probe) asking.make_half_open("codex");
    CHECK(asking.ask("codex", request).outcome == expected);
    // A probe whose waiting ended with the deadline is still out; the result's end has waited for it.
    nothing_is_held(asking, "codex");
  }
}

TEST_CASE("eight at a time are all answered") {
  Asking asking;
  asking.backend("codex", {"--say", "hi"}).max_parallel = 8;
  const auto results = eight_times([&] { return asking.ask(); });
  CHECK(count(results, Outcome::answered) == 8);
  nothing_is_held(asking, "codex");
  std::vector<std::string> ids;
  for (const RunResult& result : results) ids.push_back(result.run_id);
  std::sort(ids.begin(), ids.end());
  CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
  CHECK(asking.store->ledger().runs({.most = 100})->size() == 8);
}

TEST_CASE("of eight calls at a time for two slots two are answered and six skipped") {
  Asking asking;
  asking.backend("codex", {"--wait-file", asking.file("go"), "--say", "hi"}).max_parallel = 2;
  std::atomic<int> refused{0};
  const auto results = eight_times([&] {
    RunResult result = asking.ask("codex");
    if (result.outcome == Outcome::no_slot && ++refused == 6) asking.touch("go");
    return result;
  });
  CHECK(count(results, Outcome::answered) == 2);
  CHECK(count(results, Outcome::no_slot) == 6);
  nothing_is_held(asking, "codex");
}

TEST_CASE("a missing place spends no probe") {
  Asking asking;
  asking.backend("codex", {"--say", "hi"}).max_parallel = 1;
  const auto candidate = find_candidate(asking.engine, "codex");
  REQUIRE(candidate);
  const Admission holder = asking.breakers.admit(admission_request(asking.engine, *candidate, ProbeTime::when_due));
  REQUIRE(std::holds_alternative<Permit>(holder));
  asking.make_half_open("codex");
  CHECK(asking.ask("codex").outcome == Outcome::no_slot);
  CHECK_FALSE(asking.state("codex").breaker.probe.has_value());
  CHECK(asking.lines("codex.spawns") == 0);
}

TEST_CASE("eight at a time at a breaker whose break is over: one probes, seven go on to the next") {
  Asking asking;
  asking.backend("codex", {"--wait-file", asking.file("go"), "--say", "back"});
  asking.backend("gemini", {"--say", "hi"}).max_parallel = 8;
  asking.make_half_open("codex");
  std::atomic<int> others{0};
  const auto results = eight_times([&] {
    RunResult result = asking.ask();
    if (result.answer && result.answer->backend == "gemini" && ++others == 7) asking.touch("go");
    return result;
  });
  CHECK(count(results, Outcome::answered) == 8);
  CHECK(others == 7);
  CHECK(asking.lines("codex.spawns") == 1);
  CHECK(asking.state("codex").breaker.state == BreakerState::closed);
}

TEST_CASE("a probe that is still running is handed over, and destroying the result waits for its verdict") {
  Asking asking;
  asking.backend("codex", {"--wait-file", asking.file("go"), "--say", "back"}).breaker.probe_timeout = 1ms;
  asking.backend("gemini", {"--say", "hi"});
  asking.make_half_open("codex");
  Listener listener;
  {
    const RunResult result = asking.ask("auto", asking.never, listener);
    REQUIRE(result.answer.has_value());
    CHECK(result.answer->backend == "gemini");
    CHECK(result.still_probing == Heard{"codex"});
    REQUIRE(result.pending != nullptr);
    CHECK(asking.state("codex").breaker.probe.has_value());
    asking.touch("go");
  }
  CHECK(listener.heard == Heard{"probing codex", "asking gemini", "ended gemini: answered"});
  CHECK(asking.state("codex").breaker.state == BreakerState::closed);
  nothing_is_held(asking, "codex");
}

TEST_CASE("a call that began before the trip and ends well after it leaves the breaker open") {
  Asking asking;
  asking.backend("codex", {"--wait-file", asking.file("go"), "--say", "late"});
  std::thread person([&] {
    static_cast<void>(eventually([&] { return asking.lines("codex.spawns") == 1; }));
    static_cast<void>(
        asking.breakers.change("codex", [](Breaker& breaker, const HostTime& now) { open_for(breaker, now, 1h); }));
    asking.touch("go");
  });
  const RunResult result = asking.ask("codex");
  person.join();
  CHECK(result.outcome == Outcome::answered);
  CHECK_FALSE(result.attempts[0].counted);
  CHECK(asking.state("codex").breaker.state == BreakerState::open);
  CHECK(asking.state("codex").slots.empty());
}

TEST_CASE("without a store everybody is asked unguarded, and the result says so") {
  Asking asking;
  asking.backend("codex", {"--say", "hi"});
  Breakers none(nullptr, Error{Code::unavailable, "no store today", {}}, asking.breakers.self());
  Guards unguarded(nullptr, asking.breakers.self(), {});
  const Engine engine{.config = asking.config,
                      .find_backend = plain_cli,
                      .breakers = none,
                      .guards = unguarded,
                      .ledger = nullptr,
                      .clock = asking.clock,
                      .environment = {},
                      .scratch = {},
                      .redact = Redactor({})};
  Listener listener;
  const RunResult result = ask(engine, {.prompt = "hello"}, asking.never, listener);
  CHECK(result.outcome == Outcome::answered);
  REQUIRE(result.warnings.size() == 1);
  CHECK(result.warnings[0].find("no store today") != std::string::npos);
}

TEST_CASE("a run and its tries are rows in the ledger, with the first words of the prompt") {
  Asking asking;
  asking.backend("codex", {"--exit", "3"});
  asking.backend("gemini", {"--say", "hi"});
  const RunResult result = asking.ask();
  const auto runs = asking.store->ledger().runs({.most = 10});
  REQUIRE(runs);
  REQUIRE(runs->size() == 1);
  CHECK(runs->front().id == result.run_id);
  CHECK(runs->front().outcome == "answered");
  CHECK(runs->front().backend == "gemini");
  CHECK(runs->front().took.has_value());
  CHECK(runs->front().summary == "hello");
  CHECK_FALSE(asking.store->ledger().run(result.run_id)->prompt);
  const auto attempts = asking.store->ledger().attempts(result.run_id);
  REQUIRE(attempts);
  REQUIRE(attempts->size() == 2);
  CHECK((*attempts)[0].number == 1);
  CHECK((*attempts)[0].backend == "codex");
  CHECK((*attempts)[0].outcome == "exited_nonzero");
  CHECK((*attempts)[0].exit_code == 3);
  CHECK((*attempts)[1].outcome == "answered");
}

TEST_CASE("prompt and answer are kept only as configured, and without keys") {
  Asking asking;
  asking.engine.redact = Redactor(Environment{{"CODEX_API_KEY", "the-key-of-a-person"}});
  std::ofstream(asking.file("words")) << "hi, the-key-of-a-person\n";
  asking.backend("codex", {"--play", asking.file("words")});
  const auto kept_of = [&] { return asking.store->ledger().run(asking.ask().run_id).value(); };
  SECTION("prompts") {
    asking.config.history.keep_prompts = true;
    asking.config.history.last_answers = 0ms;
    CHECK(kept_of().prompt == kept("hello"));
    CHECK_FALSE(kept_of().answer);
  }
  SECTION("answers for a while") {
    const RunRow run = kept_of();
    REQUIRE(run.answer);
    CHECK(run.answer->text.find("the-key-of-a-person") == std::string::npos);
    REQUIRE(run.answer_until);
    CHECK(*run.answer_until >= run.started_at + 24h);
    CHECK(*run.answer_until < run.started_at + 25h);
  }
  SECTION("the first words of a prompt, in one line") {
    asking.config.history.summary = 20;
    Listener listener;
    const Request request{.prompt = "why\n is the-key-of-a-person here, and not there"};
    const RunResult result = ask(asking.engine, request, asking.never, listener);
    const RunRow run = asking.store->ledger().run(result.run_id).value();
    CHECK(run.summary.starts_with("why"));
    CHECK(run.summary.find('\n') == std::string::npos);
    CHECK(run.summary.find("the-key") == std::string::npos);
    CHECK(display_width(run.summary) == 20);
  }
  SECTION("answers") {
    asking.config.history.keep_answers = true;
    const RunRow run = kept_of();
    CHECK_FALSE(run.prompt);
    REQUIRE(run.answer);
    CHECK(run.answer->text.find("hi, ") == 0);
    CHECK(run.answer->text.find("the-key-of-a-person") == std::string::npos);
  }
}

TEST_CASE("who was passed over is in the ledger, with the reason") {
  Asking asking;
  asking.backend("claude", {"--say", "hi"}).enabled = false;
  asking.backend("codex", {"--say", "hi"});
  const auto run = asking.store->ledger().run(asking.ask().run_id);
  REQUIRE(run->skips.size() == 1);
  CHECK(run->skips[0] == SkipRow{"claude", "disabled", "", std::nullopt});
}

TEST_CASE("whatever nests too deep starts nothing") {
  Asking asking;
  asking.backend("codex", {"--say", "hi"});
  asking.engine.environment["DELEGATE_DEPTH"] = GENERATE("2", "17", "-1", "one", "1 ");
  CHECK(asking.ask().outcome == Outcome::blocked);
  CHECK(asking.lines("codex.spawns") == 0);
}

TEST_CASE("making the plan starts no backend") {
  Asking asking;
  asking.backend("codex", {"--say", "hi"});
  asking.backend("gemini", {"--say", "hi"}).command = {"/nonexistent/gemini"};
  const RoutePlan plan = prepare_ask(asking.engine, {.prompt = "hello"}).plan;
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan.steps[0].backend == "codex");
  REQUIRE(plan.skips.size() == 1);
  CHECK(plan.skips[0].backend == "gemini");
  CHECK(asking.lines("codex.spawns") == 0);
}

TEST_CASE("what was prepared is asked: the plan is not made again") {
  Asking asking;
  asking.backend("codex", {"--say", "hi"});
  asking.backend("gemini", {"--say", "hi"}).command = {"/nonexistent/gemini"};
  PreparedAsk prepared = prepare_ask(asking.engine, {.prompt = "hello"});
  REQUIRE(prepared.candidates.size() == 1);
  CHECK(prepared.candidates.at("codex")->candidate.task.prompt.empty());
  asking.config.router.order.names = {"gemini"};
  Listener listener;
  const RunResult result = ask(asking.engine, std::move(prepared), asking.never, listener);
  REQUIRE(result.answer);
  CHECK(result.answer->backend == "codex");
  CHECK(asking.lines("codex.spawns") == 1);
}

TEST_CASE("a CLI that goes on trying what has failed twice is stopped, and the next one is asked") {
  Asking asking;
  asking.backend("claude", {"--err", "failed 1 times", "--err", "failed 2 times", "--hang"}).timeout = kPatience;
  asking.backend("codex", {"--say", "hi"});
  const RunResult result = asking.ask();
  REQUIRE(result.attempts.size() == 2);
  CHECK(result.attempts[0].outcome == Outcome::server_error);
  CHECK(result.attempts[0].counted);
  CHECK(result.attempts[0].took < kPatience);
  REQUIRE(result.answer.has_value());
  CHECK(result.answer->backend == "codex");
}

TEST_CASE("a CLI that has failed once may try again by itself") {
  Asking asking;
  asking.backend("claude", {"--err", "failed 1 times", "--say", "hi"});
  const RunResult result = asking.ask();
  REQUIRE(result.answer.has_value());
  CHECK(result.answer->text == "hi\n");
}

TEST_CASE("a CLI that is updated while another is asked does not count as updated again") {
  Asking asking;
  asking.backend("first", {"--exit", "3"});
  asking.backend("updated", {"--say", "hello"}).command.front() = asking.file("cli");
  std::filesystem::copy_file(FAKE_CLI, asking.file("cli"));
  struct Update final : Observer {
    explicit Update(Asking& all) : asking_(all) {}
    void asking(const std::string& name, bool) override {
      if (name != "first") return;
      std::filesystem::copy_file(FAKE_CLI, asking_.file("new"));
      std::filesystem::rename(asking_.file("new"), asking_.file("cli"));
      // Another process sees the new file first, and its calls open the breaker.
      const auto candidate = find_candidate(asking_.engine, "updated");
      REQUIRE(candidate);
      asking_.breakers.admit(admission_request(asking_.engine, *candidate, ProbeTime::when_due));
      REQUIRE(asking_.breakers.change("updated", [](Breaker& breaker, const HostTime& now) {
        open_for(breaker, now, 1h);
        breaker.manual = false;
      }));
    }
    Asking& asking_;
  } observer(asking);
  const RunResult result = asking.ask("auto", asking.never, observer);
  CHECK_FALSE(result.answer);
  CHECK(asking.lines("updated.spawns") == 0);
  CHECK(asking.state("updated").breaker.state == BreakerState::open);
}

TEST_CASE(
    "a request that is refused for an unknown reason is asked of the next one, a mistake of the caller's own is not") {
  for (const char* model : {"odd", "misused"}) {
    INFO(model);
    Asking asking;
    asking.backend("codex", {"--say", "hi"}).model = model;
    asking.backend("claude", {"--say", "hi"});
    const RunResult result = asking.ask();
    CHECK(result.answer.has_value() == (std::string_view(model) == "odd"));
    CHECK(result.attempts.front().outcome == Outcome::bad_request);
    CHECK_FALSE(result.attempts.front().counted);
  }
}

TEST_CASE("an unrecognised failure keeps its last lines, without prompt and keys, and the run says where they are") {
  Asking asking;
  const std::string key = "sk-ant-api03-" + std::string(93, 'k') + "-AAAAAAAA";
  std::ofstream(asking.file("noise")) << "you said hello there, friend\nthe key " << key << "\nboom\n";
  asking.backend("codex", {"--play-err", asking.file("noise"), "--exit", "3"});
  const RunResult result = asking.ask();
  REQUIRE(result.attempts.size() == 1);
  const Attempt& attempt = result.attempts.front();
  CHECK_FALSE(attempt.is_recognised);
  CHECK_THAT(attempt.last_lines, Catch::EndsWith("boom"));
  CHECK(attempt.last_lines.find(key) == std::string::npos);
  CHECK_THAT(attempt.last_lines, Catch::Contains("the key "));
  const Remarks remarks = explain(result);
  CHECK(std::any_of(remarks.begin(), remarks.end(), [&](const Remark& remark) {
    return remark.text.find("not recognised") != std::string::npos &&
           remark.text.find("delegate runs " + result.run_id) != std::string::npos;
  }));
}
