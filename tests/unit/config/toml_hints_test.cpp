#include <catch2/catch.hpp>

#include "tests/unit/config/loading.hpp"

// What to write instead of what is no TOML, or has the wrong type.
using namespace delegate;
using namespace delegate::test;

namespace {

std::string hint_for(const std::string& text) {
  const LoadedConfig loaded = load_user(text);
  INFO(text);
  REQUIRE(loaded.problems.size() == 1);
  return loaded.problems.front().hint;
}

}  // namespace

TEST_CASE("a line that is no TOML gets the line that was meant") {
  CHECK(hint_for("router.timeout = 5m  # at most\n") == "write `router.timeout = \"5m\"`");
  CHECK(hint_for("[backends.claude]\nmodel = opus\n") == "write `model = \"opus\"`");
  CHECK(hint_for("router.order = [claude, \"codex\"]\n") == "write `router.order = [\"claude\", \"codex\"]`");
  CHECK(hint_for("[notify]\ndesktop = yes\n") == "write `desktop = true`");
  CHECK(hint_for("[notify]\ndesktop = Off\n") == "write `desktop = false`");
  CHECK(hint_for("[router]\ntimeout: \"5m\"\n") == "write `timeout = \"5m\"`");
  CHECK(hint_for("router.timeout = \"5m\n") == "write `router.timeout = \"5m\"`");
  CHECK(hint_for("[router\ntimeout = \"5m\"\n") == "write `[router]`");
  CHECK(hint_for("[breaker]\nthreshold = 3\n[breaker]\ncooldown = \"1m\"\n") ==
        "a section can stand there only once: put its keys together");
}

TEST_CASE("a line of which nothing can be guessed gets no hint") {
  for (const char* text :
       {"[breaker]\nthreshold = \n", "= 3\n", "[[[\n", "a = {b = [\n", "router.order = [[claude]]\n", "\"\n"})
    CHECK(hint_for(text).empty());
}

TEST_CASE("a value of the wrong type gets the value that was meant") {
  CHECK(hint_for("router.order = \"claude\"\n") == "write it as a list: [\"claude\"]");
  CHECK(hint_for("breaker.threshold = \"3\"\n") == "write it without quotes: 3");
  CHECK(hint_for("history.keep_prompts = \"true\"\n") == "write it without quotes: true");
  CHECK(hint_for("breaker.threshold = \"three\"\n").empty());
  CHECK(hint_for("router.order = [\"gpt\"]\n") == "one of claude, codex, gemini, ollama");
  CHECK(hint_for("router.order = [\"claud\"]\n") == "did you mean `claude`?");
}
