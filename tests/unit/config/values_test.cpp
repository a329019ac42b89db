#include <catch2/catch.hpp>

#include "tests/unit/config/loading.hpp"

// Valid and invalid single values.
using namespace delegate;
using namespace delegate::test;
using Lines = std::vector<std::string>;

TEST_CASE("no file and no environment give the built-in configuration without a problem") {
  const LoadedConfig loaded = load_config({});
  CHECK(loaded.problems.empty());
  CHECK(same(loaded.config, built_in_config()));
  CHECK(loaded.config.origins.empty());
}

TEST_CASE("built-in backends have the defaults of their kind") {
  const Config config = built_in_config();
  REQUIRE(config.backends.size() == 4);
  CHECK(config.backends.at("claude").command == Lines{"claude"});
  CHECK(config.backends.at("claude").env_keep.empty());
  CHECK(config.backends.at("codex").env_keep == Lines{"CODEX_API_KEY"});
  CHECK(config.backends.at("gemini").env_keep == Lines{"GEMINI_API_KEY", "GOOGLE_API_KEY"});
  CHECK(config.backends.at("ollama").first_output_timeout == 120s);
  CHECK(config.backends.at("ollama").load_timeout == 300s);
  CHECK(config.backends.at("ollama").idle_timeout == 60s);
  CHECK(config.backends.at("ollama").max_parallel == 2);
  CHECK(config.backends.at("ollama").url.empty());
  CHECK(config.backend("nobody") == nullptr);
}

TEST_CASE("a syntax error is one line, with line and column") {
  CHECK(problems_of("[breaker]\nthreshold = \n") ==
        Lines{R"(user.toml:2:13: error while parsing key-value pair: expected value, saw '\n')"});
  CHECK(problems_of("[breaker\n").size() == 1);
  CHECK(problems_of("a = 1\na = 2\n").front().starts_with("user.toml:2:"));
}

TEST_CASE("an unknown section or key is reported with a suggestion and its exact place") {
  CHECK(problems_of("[breaker]\n  cooldwon = \"60s\"\n") ==
        Lines{"user.toml:2:3: breaker.cooldwon: unknown key -> did you mean `cooldown`?"});
  CHECK(problems_of("[braker]\ncooldown = \"60s\"\n") ==
        Lines{"user.toml:1:2: braker: unknown section -> did you mean `breaker`?"});
  CHECK(problems_of("[backends.gemini]\nmodle = \"x\"\n") ==
        Lines{"user.toml:2:1: backends.gemini.modle: unknown key -> did you mean `model`?"});
  CHECK(problems_of("[backends.gemini]\nbreaker.treshold = 2\n") ==
        Lines{"user.toml:2:9: backends.gemini.breaker.treshold: unknown key -> did you mean `breaker.threshold`?"});
  CHECK(problems_of("[backends.gemini]\nthreshold = 2\n") ==
        Lines{"user.toml:2:1: backends.gemini.threshold: unknown key -> did you mean `breaker.threshold`?"});
  CHECK(problems_of("threshold = 2\n") == Lines{"user.toml:1:1: threshold: unknown key -> it belongs to [breaker]"});
  CHECK(problems_of("[zzzzzzzz]\n") == Lines{"user.toml:1:2: zzzzzzzz: unknown section"});
  CHECK(problems_of("[backends.gemini]\n\"breaker.threshold\" = 2\n").size() == 1);
}

TEST_CASE("an error about a type says what is expected and what was found") {
  CHECK(problems_of("[breaker]\ncooldown = true\n") ==
        Lines{R"(user.toml:2:12: breaker.cooldown: expected a duration like "60s", found a boolean)"});
  CHECK(
      problems_of("[breaker]\nthreshold = \"3\"\n") ==
      Lines{
          R"(user.toml:2:13: breaker.threshold: expected an integer, found the string "3" -> write it without quotes: 3)"});
  CHECK(problems_of("[breaker]\nthreshold = 3.5\n") ==
        Lines{"user.toml:2:13: breaker.threshold: expected an integer, found the number 3.5"});
  CHECK(problems_of("[router]\nfallback = 1\n") ==
        Lines{"user.toml:2:12: router.fallback: expected true or false, found the integer 1"});
  CHECK(
      problems_of("[router]\norder = \"claude\"\n") ==
      Lines{
          R"(user.toml:2:9: router.order: expected a list of backends, found the string "claude" -> write it as a list: ["claude"])"});
  CHECK(problems_of("[router]\norder = [\"claude\",\n  7]\n") ==
        Lines{"user.toml:3:3: router.order[1]: expected a backend, or a list of backends that are equals, found the "
              "integer 7"});
  CHECK(problems_of("[backends.gemini]\nmodel = 1979-05-27\n") ==
        Lines{"user.toml:2:9: backends.gemini.model: expected a string, found a date"});
  CHECK(problems_of("breaker = 3\n") == Lines{"user.toml:1:11: breaker: expected a table, found the integer 3"});
  CHECK(problems_of("[[router]]\n").size() == 1);
  CHECK(problems_of("backends = []\n") == Lines{"user.toml:1:12: backends: expected a table, found a list"});
  CHECK(problems_of("[backends]\ngemini = 1\n").size() == 1);
  CHECK(problems_of("[backends.gemini]\nbreaker = 1\nenv = \"X\"\n").size() == 2);
}

TEST_CASE("all problems are reported at once, in the order of layer and line") {
  ConfigSources sources = user("[history]\nlimit = -1\n[breaker]\nthreshold = 0\ncooldwon = 1\n");
  sources.project_file = ConfigFile{"project.toml", "[router]\ntimeout = 0\n"};
  sources.environment = {{"DELEGATE_GRACE_WINDOW", "soon"}};
  const LoadedConfig loaded = load_config(sources);
  REQUIRE(loaded.problems.size() == 5);
  CHECK(loaded.problems[0].key == "history.limit");
  CHECK(loaded.problems[1].key == "breaker.threshold");
  CHECK(loaded.problems[2].key == "breaker.cooldwon");
  CHECK(to_string(loaded.problems[3]) == "project.toml:2:11: router.timeout: must be from 1ms to 1d, is 0s");
  CHECK(to_string(loaded.problems[4]) == "environment DELEGATE_GRACE_WINDOW: grace.window: \"soon\" is not a duration");
}

TEST_CASE("a threshold of zero is refused, with a hint how to turn a breaker off") {
  CHECK(problems_of("[breaker]\nthreshold = 0\n") ==
        Lines{"user.toml:2:13: breaker.threshold: must be from 1 to 1000, is 0 -> to switch a breaker off: delegate "
              "breaker disable NAME"});
  CHECK(problems_of("[backends.gemini]\nbreaker.threshold = 0\n").front().ends_with("delegate breaker disable gemini"));
  CHECK(problems_of("[breaker]\nthreshold = 1001\n") ==
        Lines{"user.toml:2:13: breaker.threshold: must be from 1 to 1000, is 1001"});
}

TEST_CASE("a cooldown of zero stays zero and does not become the default") {
  for (const char* zero : {"0", "0.0", "\"0\"", "\"0s\"", "\"0ms\""}) {
    INFO(zero);
    const LoadedConfig loaded = load_user("[breaker]\ncooldown = " + std::string(zero) + "\n");
    CHECK(loaded.problems.empty());
    CHECK(loaded.config.breaker.cooldown == 0ms);
    CHECK(loaded.config.backends.at("claude").breaker.cooldown == 0ms);
  }
}

TEST_CASE("durations are texts with units or a bare number of seconds") {
  const auto cooldown = [](const std::string& text) {
    const LoadedConfig loaded = load_user("[breaker]\ncooldown = " + text + "\n");
    return loaded.problems.empty() ? loaded.config.breaker.cooldown : milliseconds(-1);
  };
  CHECK(cooldown("\"1h30m\"") == 90min);
  CHECK(cooldown("\"250ms\"") == 250ms);
  CHECK(cooldown("\"42\"") == 42s);
  CHECK(cooldown("42") == 42s);
  CHECK(cooldown("1.5") == 1500ms);
  for (const char* bad : {"\"\"", "\"soon\"", "-1", "-0.5", "\"-5s\"", "inf", "nan", "9223372036854775807", "1e300"}) {
    INFO(bad);
    CHECK(cooldown(bad) == milliseconds(-1));
  }
  CHECK(problems_of("[breaker]\ncooldown = \"-5s\"\n") ==
        Lines{R"(user.toml:2:12: breaker.cooldown: must not be negative, is "-5s")"});
  CHECK(problems_of("[breaker]\ncooldown = -5\n") ==
        Lines{"user.toml:2:12: breaker.cooldown: must not be negative, is the integer -5"});
}

TEST_CASE("every range includes its ends and nothing beyond") {
  struct Range {
    const char* section;
    const char* key;
    const char* low;
    const char* high;
    const char* too_low;
    const char* too_high;
  };
  const Range ranges[] = {
      {"breaker", "threshold", "1", "1000", "0", "1001"},
      {"breaker", "cooldown", "0", "86400", "-1", "86401"},
      {"breaker", "max_cooldown", "0", "86400", "-1", "86401"},
      {"breaker", "failure_window", "0", "864000", "-1", "-2"},
      {"breaker", "probe_timeout", "0", "86400", "-1", "86401"},
      {"grace", "window", "0", "864000", "-1", "-2"},
      {"grace", "max_streak", "0", "1000", "-1", "1001"},
      {"router", "timeout", "0.001", "\"24h\"", "0", "86401"},
      {"router", "max_depth", "1", "16", "0", "17"},
      {"history", "limit", "0", "10000000", "-1", "10000001"},
      {"backends.claude", "timeout", "\"1ms\"", "86400", "0", "\"24h1ms\""},
      {"backends.claude", "first_output_timeout", "0", "86400", "-1", "86401"},
      {"backends.ollama", "load_timeout", "0", "86400", "-1", "86401"},
      {"backends.claude", "idle_timeout", "0", "86400", "-1", "86401"},
      {"backends.claude", "max_parallel", "1", "64", "0", "65"},
      {"backends.ollama", "max_tokens", "0", "10000000", "-1", "10000001"},
      {"backends.ollama", "num_ctx", "0", "100000000", "-1", "9223372036854775807"},
  };
  for (const Range& range : ranges) {
    INFO(range.section << "." << range.key);
    const auto count = [&](const char* value) {
      return problems_of("[" + std::string(range.section) + "]\n" + range.key + " = " + value + "\n").size();
    };
    CHECK(count(range.low) == 0);
    CHECK(count(range.high) == 0);
    CHECK(count(range.too_low) == 1);
    CHECK(count(range.too_high) == 1);
  }
}

TEST_CASE("texts with a NUL byte are refused everywhere") {
  CHECK(problems_of("[backends.claude]\nmodel = \"a\\u0000b\"\n") ==
        Lines{"user.toml:2:9: backends.claude.model: must not have a NUL byte in it"});
  CHECK(problems_of("[backends.claude]\ncommand = [\"claude\", \"\\u0000\"]\n").size() == 1);
  CHECK(problems_of("[state]\npath = \"/a\\u0000\"\n").size() == 1);
  CHECK(lines(load_config(environment({{"DELEGATE_STATE_PATH", std::string("/a\0b", 4)}}))).size() == 1);
}

TEST_CASE("the store is sqlite or memory, and redis is reported as not part of this build") {
  CHECK(load_user("[state]\nstore = \"memory\"\npath = \"~/x/state.db\"\n").config.state ==
        StateSettings{.store = "memory", .path = "~/x/state.db"});
  CHECK(problems_of("[state]\nstore = \"redis\"\n") ==
        Lines{"user.toml:2:9: state.store: redis is not part of this build -> use \"sqlite\""});
  CHECK(problems_of("[state]\nstore = \"sqlit\"\n") ==
        Lines{"user.toml:2:9: state.store: must be one of sqlite, memory, is \"sqlit\" -> did you mean `sqlite`?"});
  CHECK(problems_of("[state]\npath = \"here/state.db\"\n") ==
        Lines{"user.toml:2:8: state.path: must be absolute or begin with ~/, is \"here/state.db\""});
}

TEST_CASE("the text of a problem is one line without control characters") {
  const Lines problems = problems_of("[breaker]\n\"\\u001b[31mred\\n\" = 1\n[state]\nstore = \"a\\u001b[2J\\nb\"\n");
  REQUIRE(problems.size() == 2);
  for (const std::string& line : problems)
    CHECK(std::none_of(line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }));
}

TEST_CASE("the choices of notifications are checked") {
  CHECK(problems_of("[notify]\nquiet_hours = \"22:00-07:00\"\nhook_timeout = \"30s\"\nhook_and_desktop = true\n"
                    "mute_outcomes = [\"rate_limited\", \"rejects_requests\"]\nmute_backends = [\"ollama\"]\n"
                    "urgency.low = []\nurgency.critical = [\"unauthenticated\"]\n"
                    "damping = { trips = 5, within = \"1h\" }\n") == Lines{});
  CHECK(problems_of("[notify]\ndamping.trips = 0\n") == Lines{});
  CHECK(problems_of("[notify]\ndamping.trips = 1\n") ==
        Lines{"user.toml:2:17: notify.damping.trips: must be 0 or at least 2, is 1 -> 0 announces every outage"});
  CHECK(problems_of("[notify]\ndamping = 3\n") ==
        Lines{"user.toml:2:11: notify.damping: expected a table, found the integer 3"});
  for (const char* hours :
       {"22:00", "22-07", "22:00-25:00", "24:00-07:00", "22:00-24:01", "22:00-07:60", "22:00-7:0", "-", "a:bb-c:dd"})
    CHECK(problems_of("[notify]\nquiet_hours = \"" + std::string(hours) + "\"\n") ==
          Lines{"user.toml:2:15: notify.quiet_hours: must be two times of day, is \"" + std::string(hours) +
                "\" -> like \"22:00-07:00\""});
  CHECK(problems_of("[notify]\nquiet_hours = \"22:00-24:00\"\n") == Lines{});
  CHECK(problems_of("[notify]\nquiet_hours = \"7:00-07:00\"\n") ==
        Lines{"user.toml:2:15: notify.quiet_hours: both times are the same, \"7:00-07:00\" -> \"00:00-24:00\" is the "
              "whole day"});
  CHECK(problems_of("[notify]\ndamping.within = \"59s\"\n").size() == 1);
  CHECK(problems_of("[notify]\nhook_timeout = \"31s\"\n") ==
        Lines{"user.toml:2:16: notify.hook_timeout: must be from 100ms to 30s, is 31s"});
  CHECK(problems_of("[notify]\nmute_backends = [\"olama\"]\n") ==
        Lines{"user.toml:2:17: notify.mute_backends: \"olama\" is not a backend -> did you mean `ollama`?"});
  const Lines unknown = problems_of("[notify]\nmute_outcomes = [\"rate_limit\"]\nurgency.low = [\"answered\"]\n");
  REQUIRE(unknown.size() == 2);
  CHECK(unknown[0].ends_with("is \"rate_limit\" -> did you mean `rate_limited`?"));
  CHECK(unknown[1].starts_with("user.toml:3:16: notify.urgency.low: must be one of unauthenticated, quota_exhausted,"));
}
