#include "core/jobs/dispatcher.hpp"
#include "tests/unit/run/quota_windows.hpp"

// What the line of a background job is worth when quota is kept back.
namespace delegate::test {
namespace {

using jobs::LineState;

/// claude is below its reserve; codex is asked after it.
class LineCase : public Asking {
 public:
  LineCase() {
    backend("claude", {}).reserve = {{"", 0.15}};
    backend("codex", {});
    know(*this, "claude", {week(0.9, *this)});
  }
  LineState line(std::vector<std::string> candidates, bool is_named = false) {
    const auto snapshot = store->read();
    REQUIRE(snapshot);
    JobLine line{.is_named = is_named};
    line.candidates = std::move(candidates);
    return jobs::state_of_line(engine, line, *snapshot, {});
  }
};

}  // namespace

TEST_CASE("a job goes past a backend whose quota is kept, also where it would not go past an open breaker") {
  LineCase asking;
  CHECK(asking.line({"claude", "codex"}).kind == LineState::Kind::go);
  asking.config.background.on_open = "fail";
  CHECK(asking.line({"claude", "codex"}).kind == LineState::Kind::go);
}

TEST_CASE("a job whose backends' quota is kept is refused, and waits for no window's end") {
  LineCase asking;
  const LineState state = asking.line({"claude"});
  CHECK(state.kind == LineState::Kind::refused);
  REQUIRE(state.skips.size() == 1);
  CHECK(state.skips.front().reason == SkipReason::reserved);
  CHECK_FALSE(state.retry_in);
}

TEST_CASE("a reserve that is soft, or of a backend that was named, refuses no job") {
  LineCase asking;
  CHECK(asking.line({"claude"}, true).kind == LineState::Kind::go);
  asking.config.router.reserve_is = "soft";
  CHECK(asking.line({"claude"}).kind == LineState::Kind::go);
}

TEST_CASE("a reserve for light tasks alone refuses no job unseen") {
  LineCase asking;
  BackendSettings& claude = asking.config.backends.at("claude");
  claude.reserve_light = {{"", 0.4}};
  CHECK(asking.line({"claude"}).kind == LineState::Kind::refused);
  claude.reserve.clear();
  CHECK(asking.line({"claude"}).kind == LineState::Kind::go);
}

TEST_CASE("a job does not wait for the end of extra billing either") {
  LineCase asking;
  asking.config.backends.at("claude").reserve.clear();
  asking.config.backends.at("claude").overage = "avoid";
  know(asking, "claude", {week(1, asking)}, {.in_use = true, .allowed = true, .credits = {}});
  const LineState state = asking.line({"claude"}, true);
  CHECK(state.kind == LineState::Kind::refused);
  CHECK_FALSE(state.retry_in);
}

}  // namespace delegate::test
