#include <algorithm>

#include "tests/unit/run/asking.hpp"

// An answer that is shown while it is being written: who has the floor, and what follows from that.
using namespace delegate;
using namespace delegate::test;

namespace {

bool heard(const Listener& listener, const std::string& line) {
  return std::find(listener.heard.begin(), listener.heard.end(), line) != listener.heard.end();
}

/// Leaves a file as soon as this backend is heard, so that a stand-in can wait for it.
class Prompter final : public Observer {
 public:
  Prompter(const Asking& asking, std::string backend, std::string file)
      : asking_(asking), backend_(std::move(backend)), file_(std::move(file)) {}
  void output(const std::string& backend, const OutputDelta& delta) override {
    if (!delta.text.empty()) text[backend] += delta.text;
    if (backend == backend_ && !delta.text.empty()) asking_.touch(file_);
  }
  std::map<std::string, std::string> text;

 private:
  const Asking& asking_;
  std::string backend_;
  std::string file_;
};

}  // namespace

TEST_CASE("an answer is heard as it is written, long before its end") {
  Asking asking;
  // It ends only after its first line was heard.
  asking.backend("codex", {"--say", "one", "--wait-file", asking.file("heard"), "--say", "two"});
  Prompter prompter(asking, "codex", "heard");
  const RunResult result = asking.ask("auto", asking.never, prompter, {.streaming = Streaming::certain});
  REQUIRE(result.answer);
  CHECK(result.answer->text == "one\ntwo\n");
  CHECK(prompter.text["codex"] == "one\ntwo\n");
}

TEST_CASE("nothing is heard of the text when it was not asked for") {
  Asking asking;
  asking.backend("codex", {"--say", "one"});
  Listener listener;
  asking.ask("auto", asking.never, listener);
  CHECK(listener.heard == std::vector<std::string>{"asking codex", "ended codex: answered"});
}

TEST_CASE("a backend that fails before its first byte is passed over, as ever") {
  Asking asking;
  asking.backend("codex", {"--err", "broken", "--exit", "3"});
  asking.backend("gemini", {"--say", "hi"});
  Listener listener;
  const RunResult result = asking.ask("auto", asking.never, listener, {.streaming = Streaming::certain});
  REQUIRE(result.answer);
  CHECK(result.answer->backend == "gemini");
  CHECK(heard(listener, "gemini says hi\n"));
}

TEST_CASE("after the first byte there is no fallback: the answer broke off, and the run says so") {
  Asking asking;
  asking.backend("codex", {"--say", "Once upon", "--exit", "3"});
  asking.backend("gemini", {"--say", "hi"});
  Listener listener;
  const RunResult result = asking.ask("auto", asking.never, listener, {.streaming = Streaming::certain});
  CHECK_FALSE(result.answer);
  CHECK(result.outcome == Outcome::exited_nonzero);
  CHECK(result.message.find("codex: broke off in the middle of its answer: ") == 0);
  CHECK(result.hint.find("--no-stream") != std::string::npos);
  CHECK_FALSE(heard(listener, "asking gemini"));
  SECTION("the same failure falls back when nothing was shown") { CHECK(asking.ask().answer->backend == "gemini"); }
}

TEST_CASE("a draft is for eyes: a pipe does not get it, and falls back even after it") {
  Asking asking;
  asking.backend("codex", {"--say", "remark: let me see", "--exit", "3"}).model = "drafts";
  asking.backend("gemini", {"--say", "hi"});
  Listener listener;
  const RunResult result = asking.ask("auto", asking.never, listener, {.streaming = Streaming::certain});
  REQUIRE(result.answer);
  CHECK(result.answer->backend == "gemini");
  CHECK_FALSE(heard(listener, "codex says remark: let me see\n"));
}

TEST_CASE("a draft that is replaced is reset") {
  Asking asking;
  asking.backend("codex", {"--say", "remark: let me see", "--wait-file", asking.file("heard"), "--say", "42"}).model =
      "drafts";
  class : public Observer {
   public:
    void output(const std::string&, const OutputDelta& delta) override {
      if (delta.reset) text += "[anew]";
      text += delta.text;
      asking->touch("heard");
    }
    Asking* asking = nullptr;
    std::string text;
  } eyes;
  eyes.asking = &asking;
  const RunResult result = asking.ask("auto", asking.never, eyes, {.streaming = Streaming::drafts});
  REQUIRE(result.answer);
  CHECK(eyes.text == "remark: let me see\n[anew]42\n");
  CHECK(result.answer->text == "42\n");
}

TEST_CASE("a probe that writes in time keeps streaming, and no other attempt is started beside it") {
  Asking asking;
  asking.backend("codex", {"--say", "one", "--wait-file", asking.file("heard"), "--delay", "30", "--say", "two"});
  asking.config.backends["codex"].breaker.probe_timeout = 1ms;
  asking.backend("gemini", {"--hang"});
  asking.make_half_open("codex");
  Prompter prompter(asking, "codex", "heard");
  // Its own patience may be over before the first byte: then gemini was started, is stopped, and says nothing.
  const RunResult result = asking.ask("auto", asking.never, prompter, {.streaming = Streaming::certain});
  REQUIRE(result.answer);
  CHECK(result.answer->backend == "codex");
  CHECK(result.answer->text == "one\ntwo\n");
  CHECK(prompter.text.count("gemini") == 0);
}

TEST_CASE("of a slow probe and the attempt beside it, the first that writes is streamed") {
  Asking asking;
  // The probe answers while the other one is still speaking: too late, although its answer is whole first.
  asking.backend("codex", {"--wait-file", asking.file("heard"), "--say", "from codex", "--touch", asking.file("said")});
  asking.config.backends["codex"].breaker.probe_timeout = 1ms;
  asking.backend("gemini", {"--say", "from", "--wait-file", asking.file("said"), "--say", "gemini"});
  asking.make_half_open("codex");
  Prompter prompter(asking, "gemini", "heard");
  RunResult result = asking.ask("auto", asking.never, prompter, {.streaming = Streaming::certain});
  REQUIRE(result.answer);
  CHECK(result.answer->backend == "gemini");
  CHECK(result.answer->text == "from\ngemini\n");
  CHECK(prompter.text.count("codex") == 0);
  result.pending.reset();
  CHECK(asking.state("codex").breaker.state == BreakerState::closed);  // the probe's verdict is fair all the same
}

TEST_CASE("the observer is called again when it asks to be, while nothing happens") {
  Asking asking;
  asking.backend("codex", {"--wait-file", asking.file("looked"), "--say", "hi"});
  class : public Observer {
   public:
    Deadline tick() override {
      if (++looks == 3) asking->touch("looked");
      return Deadline::in(1ms);
    }
    Asking* asking = nullptr;
    int looks = 0;
  } clock;
  clock.asking = &asking;
  CHECK(asking.ask("auto", asking.never, clock).answer);
  CHECK(clock.looks >= 3);
}

TEST_CASE("a tier is what the settings say it is, and an explicit model is stronger") {
  Asking asking;
  asking.backend("codex", {"--say", "hi"}).tier_small = "none";  // a model that PlainCli refuses
  SECTION("its model is asked for") {
    const RunResult result = asking.ask("auto", {.tier = Tier::small});
    CHECK(result.outcome == Outcome::model_rejected);
  }
  SECTION("a tier that nothing is set for is said, and the default answers") {
    const RunResult result = asking.ask("auto", {.tier = Tier::large});
    REQUIRE(result.answer);
    REQUIRE(result.warnings.size() == 1);
    CHECK(result.warnings[0].find("codex: no model for this tier") == 0);
  }
  SECTION("a model given by name wins") { CHECK(asking.ask("codex", {.model = "other", .tier = Tier::small}).answer); }
}
