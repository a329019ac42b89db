#include <catch2/catch.hpp>

#include <random>

#include "tests/unit/config/loading.hpp"

// Malformed and hostile files: each is answered with problems, none with a crash.
using namespace delegate;
using namespace delegate::test;

TEST_CASE("a byte order mark, CRLF and a missing last newline change nothing") {
  const LoadedConfig loaded = load_user("\xEF\xBB\xBF[breaker]\r\nthreshold = 4\r\ncooldown = \"5s\"");
  REQUIRE(lines(loaded).empty());
  CHECK(loaded.config.breaker.threshold == 4);
  CHECK(to_string(loaded.config.origin("breaker.cooldown")) == "user.toml:3:12");
  CHECK(problems_of("\xEF\xBB\xBFx = 1\r\n").front() == "user.toml:1:1: x: unknown key");
}

TEST_CASE("columns count characters, not bytes") {
  CHECK(problems_of("[backends.claude]\ncommand = [\"é\", 3]\n").front().starts_with("user.toml:2:17: "));
}

TEST_CASE("text that is not TOML at all is one problem") {
  const std::string_view texts[] = {"\xFF\xFE[b",
                                    "a = \"\xC3\x28\"\n",
                                    std::string_view("\0", 1),
                                    "[=",
                                    "[.",
                                    "\xC3\xA9 = 1\n",
                                    "[\xCB\x85]",
                                    "a = \xC3\xA9",
                                    "\xEF\xBB",
                                    "\x7F",
                                    "{",
                                    "\"\"\"",
                                    "\x1B]0;x\x07"};
  for (const std::string_view text : texts) {
    INFO(text);
    const LoadedConfig loaded = load_user(std::string(text));
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems.front().key.empty());
    CHECK(loaded.problems.front().origin.line == 1);
  }
}

TEST_CASE("ten megabytes of nonsense are refused by their size") {
  CHECK(problems_of(std::string(10 * 1024 * 1024, 'x')) ==
        std::vector<std::string>{"user.toml: has 10485760 bytes, more than the 262144 that a configuration may have"});
}

TEST_CASE("a list of very many names is checked in linear time") {
  // Each name was compared with those before it, in the file of any project.
  std::string text = "[router]\norder = [";
  for (int i = 0; i < 25'000; ++i) text += "\"b" + std::to_string(i) + "\",";
  const auto problems = problems_of(text + "\"b7\"]\n");
  REQUIRE_FALSE(problems.empty());
  CHECK(problems.front() == "user.toml:2:9: router.order: \"b7\" is listed more than once");
}

TEST_CASE("deep nesting is refused before it can exhaust the stack") {
  const auto repeated = [](std::string_view part, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += part;
    return out;
  };
  for (const std::string& text :
       {repeated("a.", 100'000) + "a = 1\n", "[" + repeated("a.", 100'000) + "a]\n", "a = " + repeated("[", 200'000),
        "a = " + repeated("{a=", 80'000), repeated("\"a\".", 60'000) + "a = 1\n"})
    CHECK(problems_of(text).size() == 1);
  CHECK(problems_of(repeated("a.", 200) + "a = 1\n") == std::vector<std::string>{"user.toml:1:1: a: unknown section"});
  CHECK(problems_of("[router]\norder = [[[[[[[\"x\"]]]]]]]\n").size() == 1);
  CHECK(problems_of("[backends.claude]\nbreaker.threshold.a.b.c.d.e.f = 1\n").size() == 1);
}

TEST_CASE("the number of listed problems is limited, and a note says so") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "k" + std::to_string(i) + "=1\n";
  for (const char* section : {"", "[breaker]\n", "[backends.claude]\n"}) {
    const LoadedConfig loaded = load_user(section + text);
    CHECK(loaded.problems.size() == 501);
    CHECK(loaded.problems.back().what == "more problems are not listed");
  }
}

TEST_CASE("random bytes and mangled files never crash") {
  const std::string whole =
      "[router]\norder = [\"claude\"]\ntimeout = \"15m\"\n[backends.x]\nkind = \"command\"\ncommand = [\"x\"]\n"
      "env.keep = []\nbreaker.threshold = 2\n[[backends.x.failures]]\nmatch = \"(?i)x\"\noutcome = \"overloaded\"\n";
  std::mt19937 random(20240607);  // NOLINT: the same seed every time
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  const std::string_view bytes = "[]{}=\".,'#\n\\\0\xC3\xA9\xFF-09aTZ:+e_ ";
  for (int round = 0; round < 3000; ++round) {
    std::string text = whole;
    for (std::size_t changes = below(6); changes < 6; ++changes) {
      const std::size_t at = below(text.size());
      if (below(2) == 0) text[at] = bytes[below(bytes.size())];
      else text.erase(at, below(12));
      text.insert(text.size() / 2, 1, bytes[below(bytes.size())]);
    }
    for (const ConfigProblem& problem : load_user(text).problems) CHECK_FALSE(problem.what.empty());
    CHECK_NOTHROW(load_project(text));
  }
}
