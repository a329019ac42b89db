#include "core/route/balance.hpp"

#include <catch2/catch.hpp>

// Figures in, order out.
using namespace delegate;
using namespace std::chrono_literals;

namespace {

using Order = std::vector<std::string>;

Equal equal(const char* name, std::optional<double> headroom) { return {.name = name, .headroom = headroom}; }

Equal used(const char* name, double headroom, milliseconds at) {
  return {.name = name, .headroom = headroom, .last_used = at};
}

Equal reserved(Equal one) {
  one.is_reserved = true;
  return one;
}

}  // namespace

TEST_CASE("equals that were never used go in the order of their headroom") {
  CHECK(balanced({equal("claude", 0.4), equal("codex", 1.5), equal("gemini", 0.9)}) ==
        Order{"codex", "gemini", "claude"});
}

TEST_CASE("the one that was used last stays first until another leads by a fifth") {
  CHECK(balanced({used("claude", 1.0, 2s), used("codex", 1.19, 1s)}) == Order{"claude", "codex"});
  CHECK(balanced({used("claude", 1.0, 2s), used("codex", 1.2, 1s)}) == Order{"codex", "claude"});
}

TEST_CASE("after a switch the other needs a lead to come back") {
  CHECK(balanced({used("claude", 1.1, 1s), used("codex", 1.0, 2s)}) == Order{"codex", "claude"});
  CHECK(balanced({used("claude", 1.3, 1s), used("codex", 1.0, 2s)}) == Order{"claude", "codex"});
}

TEST_CASE("behind the one that was used last the others go in the order of their headroom") {
  CHECK(balanced({equal("claude", 0.9), equal("gemini", 1.1), used("codex", 1.0, 1s)}) ==
        Order{"codex", "gemini", "claude"});
}

TEST_CASE("of those that have the same headroom the written order holds") {
  CHECK(balanced({equal("claude", 1.0), equal("codex", 1.0)}) == Order{"claude", "codex"});
  CHECK(balanced({equal("codex", 1.0), equal("claude", 1.0)}) == Order{"codex", "claude"});
  CHECK(balanced({used("claude", 0.0, 1s), used("codex", 0.0, 2s)}) == Order{"codex", "claude"});
}

TEST_CASE("one that has anything left leads one that has nothing") {
  CHECK(balanced({used("claude", 0.0, 2s), used("codex", 0.01, 1s)}) == Order{"codex", "claude"});
}

TEST_CASE("one without figures keeps its written place") {
  CHECK(balanced({equal("a", 0.1), equal("unknown", std::nullopt), equal("b", 0.9)}) == Order{"b", "unknown", "a"});
  CHECK(balanced({equal("unknown", std::nullopt), equal("a", 0.1), equal("b", 0.9)}) == Order{"unknown", "b", "a"});
}

TEST_CASE("without any figures the written order holds") {
  CHECK(balanced({equal("b", std::nullopt), equal("a", std::nullopt)}) == Order{"b", "a"});
  CHECK(balanced({}).empty());
}

TEST_CASE("one whose reserve is crossed goes behind the others, also if it was used last") {
  CHECK(balanced({reserved(used("claude", 1.0, 2s)), used("codex", 0.5, 1s)}) == Order{"codex", "claude"});
  CHECK(balanced({reserved(equal("claude", 2.0)), equal("unknown", std::nullopt), equal("codex", 0.5)}) ==
        Order{"unknown", "codex", "claude"});
}

TEST_CASE("when all are reserved they keep the order that they would have otherwise") {
  CHECK(balanced({reserved(equal("claude", 0.4)), reserved(equal("codex", 1.5))}) == Order{"codex", "claude"});
  CHECK(balanced({reserved(used("claude", 1.0, 2s)), reserved(used("codex", 1.1, 1s))}) == Order{"claude", "codex"});
}
