#include <catch2/catch.hpp>

#include "tests/unit/config/loading.hpp"

// Which layer wins, what each may set, and where a value comes from.
using namespace delegate;
using namespace delegate::test;
using Lines = std::vector<std::string>;

TEST_CASE("a stronger layer replaces a value, lists as a whole, and becomes its origin") {
  ConfigSources sources = user("[router]\ntimeout = 1\norder = [\"claude\", \"codex\"]\n[grace]\nwindow = 9\n");
  CHECK(load_config(sources).config.router.timeout == 1s);
  sources.project_file = ConfigFile{"project.toml", "[router]\ntimeout = 2\norder = [\"codex\"]\n"};
  CHECK(load_config(sources).config.router.timeout == 2s);
  sources.environment = {{"DELEGATE_ROUTER_TIMEOUT", "3"}};
  const LoadedConfig loaded = load_config(sources);
  REQUIRE(lines(loaded) == Lines{});
  CHECK(loaded.config.router.timeout == 3s);
  CHECK(loaded.config.router.order.names == Lines{"codex"});
  CHECK(loaded.config.grace.window == 9s);
  CHECK(to_string(loaded.config.origin("router.timeout")) == "environment DELEGATE_ROUTER_TIMEOUT");
  CHECK(to_string(loaded.config.origin("router.order")) == "project.toml:3:9");
  CHECK(to_string(loaded.config.origin("grace.window")) == "user.toml:5:10");
  CHECK(to_string(loaded.config.origin("grace.max_streak")) == "built-in");
  CHECK(loaded.config.origin("router.order").layer == Layer::project_file);
}

TEST_CASE("a project's file may not set what runs, connects or stores") {
  CHECK(lines(load_project("[backends.gemini]\n  command = \"./evil\"\n")) ==
        Lines{"project.toml:2:3: backends.gemini.command: may not be set by a project's delegate.toml that is not "
              "trusted -> read it, then `delegate trust .`; or put it into ~/.config/delegate/delegate.toml"});
  for (const char* text :
       {"[backends.gemini]\nkind = \"command\"\n", "[backends.gemini]\nenv.keep = [\"AWS_SECRET_ACCESS_KEY\"]\n",
        "[backends.ollama]\nurl = \"http://evil\"\n", "[backends.ollama]\napi_key_env = \"AWS_SECRET_ACCESS_KEY\"\n",
        "[state]\npath = \"/tmp/x\"\n", "[state]\nstore = \"memory\"\n", "[state]\nurl = \"redis://evil\"\n",
        "[notify]\nhook = [\"evil\"]\n", "[notify]\ndesktop = false\n", "[notify]\non = []\n", "[history]\nlimit = 0\n",
        "[output]\npager = \"evil\"\n", "[history]\nkeep_prompts = true\n", "[router]\nmax_depth = 16\n",
        "[backends.gemini]\ncommand = 7\n"}) {
    INFO(text);
    const LoadedConfig loaded = load_project(text);
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems.front().what == "may not be set by a project's delegate.toml that is not trusted");
    CHECK(loaded.problems.front().needs_trust);
    CHECK(same(loaded.config, built_in_config()));
  }
}

TEST_CASE("a project's file may not send prompts off the machine by naming a cloud model") {
  for (const char* model : {"gpt-oss:20b-cloud", "kimi:cloud"}) {
    const auto told = lines(load_project("[backends.ollama]\nmodel = \"" + std::string(model) + "\"\n"));
    REQUIRE(told.size() == 1);
    CHECK(told.front().find("backends.ollama.model: may not be set by a project") != std::string::npos);
    CHECK(lines(load_project("[backends.ollama]\ntier.large = \"" + std::string(model) + "\"\n")).size() == 1);
  }
  CHECK(lines(load_project("[backends.ollama]\nmodel = \"qwen3:8b\"\n")) == Lines{});
}

TEST_CASE("no file can open a breaker for longer than a day at a time") {
  CHECK(lines(load_project("[breaker]\ncooldown = \"25h\"\n")).size() == 1);
  CHECK(lines(load_project("[breaker]\ncooldown = \"24h\"\nmax_cooldown = \"24h\"\n")) == Lines{});
}

TEST_CASE("a project's file may repeat the built-in value of a restricted key") {
  ConfigSources sources = user("[backends.gemini]\ncommand = \"/opt/gemini\"\n[state]\nstore = \"memory\"\n");
  sources.project_file =
      ConfigFile{"project.toml", "[backends.gemini]\ncommand = [\"gemini\"]\n[state]\nstore = \"sqlite\"\n"};
  const LoadedConfig loaded = load_config(sources);
  REQUIRE(lines(loaded) == Lines{});
  CHECK(loaded.config.backends.at("gemini").command == Lines{"/opt/gemini"});
  CHECK(loaded.config.state.store == "memory");
  CHECK(loaded.config.origin("state.store").layer == Layer::user_file);
  CHECK(lines(load_project("[backends.gemini]\ncommand = \"gemini\"\n")) == Lines{});
}

TEST_CASE("the example file in a checkout is accepted by users whose claude is of kind command") {
  ConfigSources sources = user("[backends.claude]\nkind = \"command\"\ncommand = \"mine\"\n");
  sources.project_file = ConfigFile{"project.toml", "[backends.claude]\ntier.small = \"haiku\"\nenv.keep = []\n"};
  CHECK(lines(load_config(sources)) == Lines{});
  SECTION("a changed value is still a mistake") {
    sources.project_file->text = "[backends.claude]\ntier.small = \"sonnet\"\n";
    CHECK(lines(load_config(sources)).size() == 1);
  }
}

TEST_CASE("a project's file cannot add a backend, but may adjust and order the known ones") {
  CHECK(lines(load_project("[backends.evil]\nkind = \"command\"\ncommand = \"sh\"\n")) ==
        Lines{"project.toml:1:11: backends.evil: a new backend may not come from a project's delegate.toml that is not "
              "trusted -> read it, then `delegate trust .`; or put it into ~/.config/delegate/delegate.toml"});
  CHECK(
      lines(load_project("[backends.gemni]\nmodel = \"x\"\n")) ==
      Lines{"project.toml:1:11: backends.gemni: a new backend may not come from a project's delegate.toml that is not "
            "trusted -> did you mean `gemini`?"});
  CHECK(load_project("[backends.gemni]\nmodel = \"x\"\n").problems.front().meant == "gemini");
  CHECK(load_project("[backends.evil]\nmodel = \"x\"\n").problems.front().meant.empty());
  ConfigSources sources =
      user("[router]\norder = [\"codex\", \"mine\"]\n[backends.mine]\nkind = \"command\"\ncommand = \"mine\"\n");
  sources.project_file = ConfigFile{"project.toml",
                                    "[router]\norder = [\"mine\"]\n[backends.mine]\nmodel = \"m\"\n"
                                    "timeout = \"2m\"\n"};
  const LoadedConfig loaded = load_config(sources);
  REQUIRE(lines(loaded) == Lines{});
  CHECK(loaded.config.backends.at("mine").model == "m");
  CHECK(loaded.config.router.order.names == Lines{"mine"});
  CHECK(loaded.config.backends.at("mine").timeout == std::chrono::minutes(2));
}

TEST_CASE("the environment can set every key that fits into one text") {
  ConfigSources sources = user("[backends.my-own]\nkind = \"command\"\ncommand = \"x\"\n");
  sources.environment = {{"DELEGATE_BREAKER_THRESHOLD", "5"},
                         {"DELEGATE_STATE_PATH", "/tmp/x.db"},
                         {"DELEGATE_ROUTER_FALLBACK", "no"},
                         {"DELEGATE_ROUTER_ORDER", "gemini, claude"},
                         {"DELEGATE_ROUTER_ORDER_LIGHT", ""},
                         {"DELEGATE_BACKENDS_GEMINI_MODEL", "flash"},
                         {"DELEGATE_BACKENDS_GEMINI_BREAKER_COOLDOWN", "0"},
                         {"DELEGATE_BACKENDS_GEMINI_ENV_KEEP", "A,B"},
                         {"DELEGATE_BACKENDS_CODEX_COMMAND", "/opt/my codex,--x"},
                         {"DELEGATE_BACKENDS_MY_OWN_TIMEOUT", " 90s "},
                         {"DELEGATE_BACKENDS_OLLAMA_MAX_PARALLEL", "4"}};
  const LoadedConfig loaded = load_config(sources);
  REQUIRE(lines(loaded) == Lines{});
  const Config& config = loaded.config;
  CHECK(config.breaker.threshold == 5);
  CHECK(config.state.path == "/tmp/x.db");
  CHECK_FALSE(config.router.fallback);
  CHECK(config.router.order.names == Lines{"gemini", "claude"});
  CHECK(config.router.order_light.names.empty());
  CHECK(config.backends.at("gemini").model == "flash");
  CHECK(config.backends.at("gemini").breaker.cooldown == 0ms);
  CHECK(config.backends.at("gemini").env_keep == Lines{"A", "B"});
  CHECK(config.backends.at("codex").command == Lines{"/opt/my codex", "--x"});
  CHECK(config.backends.at("my-own").timeout == 90s);
  CHECK(config.backends.at("ollama").max_parallel == 4);
  CHECK(to_string(config.origin("state.path")) == "environment DELEGATE_STATE_PATH");
}

TEST_CASE("an unknown variable with the prefix of a section is a problem, others are ignored") {
  CHECK(lines(load_config(environment({{"DELEGATE_ROUTER_TIMEUOT", "3"}}))) ==
        Lines{"environment DELEGATE_ROUTER_TIMEUOT: no such setting -> did you mean `DELEGATE_ROUTER_TIMEOUT`?"});
  CHECK(lines(load_config(environment({{"DELEGATE_BACKENDS_GEMNI_MODEL", "x"}}))) ==
        Lines{"environment DELEGATE_BACKENDS_GEMNI_MODEL: no such setting -> did you mean "
              "`DELEGATE_BACKENDS_GEMINI_MODEL`?"});
  CHECK(lines(load_config(environment({{"DELEGATE_DEPTH", "1"},
                                       {"DELEGATE_RUN_ID", "x"},
                                       {"DELEGATE_CONFIG", "/x"},
                                       {"DELEGATE_FAKE_CLI", "x"},
                                       {"DELEGATE_ROUTERX", "x"},
                                       {"DELEGATE_", ""}}))) == Lines{});
}

TEST_CASE("a variable that is nearly one of ours is a warning, others are ignored") {
  const auto warnings = [](const std::string& variable) {
    Lines out;
    const LoadedConfig loaded = load_config(environment({{variable, "x"}}));
    CHECK(lines(loaded) == Lines{});
    for (const ConfigProblem& warning : loaded.warnings) out.push_back(to_string(warning) + " -> " + warning.hint);
    return out;
  };
  CHECK(warnings("DELEGATE_BREAKR_THRESHOLD") ==
        Lines{"environment DELEGATE_BREAKR_THRESHOLD: ignored: no such setting -> did you mean "
              "`DELEGATE_BREAKER_THRESHOLD`?"});
  CHECK(warnings("DELEGATE_THRESHOLD").size() == 1);
  CHECK(warnings("DELEGATE_CONFG") ==
        Lines{"environment DELEGATE_CONFG: ignored: no such setting -> did you mean `DELEGATE_CONFIG`?"});
  for (const char* variable : {"DELEGATE_CONFIG", "DELEGATE_DEPTH", "DELEGATE_RUN_ID", "DELEGATE_FAKE_CLI", "DELEGATE_",
                               "DELEGATE_ROUTERX", "DELEGATE_SOMETHING", "DELEGATE_VERSION", "DELEGATION", "PATH"}) {
    INFO(variable);
    CHECK(warnings(variable) == Lines{});
  }
}

TEST_CASE("what is accepted but has no effect is one warning, and changes nothing") {
  const auto warnings = [](const LoadedConfig& loaded) {
    Lines out;
    CHECK(lines(loaded) == Lines{});
    for (const ConfigProblem& warning : loaded.without_effect)
      out.push_back(to_string(warning) + " -> " + warning.hint);
    return out;
  };
  SECTION("the address of a shared store, which this build does not have") {
    const LoadedConfig loaded = load_user("[state]\nurl = \"redis://127.0.0.1:6379/0\"\n");
    CHECK(warnings(loaded) ==
          Lines{"user.toml:2:7: state.url: has no effect: this build has no shared store -> remove it"});
  }
  SECTION("set in two places, it is reported where it was set last") {
    ConfigSources sources = user("[state]\nurl = \"redis://127.0.0.1:6379/0\"\n");
    sources.environment = {{"DELEGATE_STATE_URL", "redis://127.0.0.1:6379/1"}};
    CHECK(
        warnings(load_config(sources)) ==
        Lines{"environment DELEGATE_STATE_URL: state.url: has no effect: this build has no shared store -> remove it"});
  }
  SECTION("the default in a project's file needs no trust") {
    CHECK(warnings(load_project("[notify]\non = [\"trip\", \"recovery\", \"canary\", \"quota\"]\n")) == Lines{});
  }
  CHECK(warnings(load_user("")) == Lines{});
  CHECK(problems_of("[notify]\non = [\"canry\"]\n").size() == 1);
}

TEST_CASE("values from the environment are checked like those of files") {
  CHECK(
      lines(load_config(environment({{"DELEGATE_BREAKER_THRESHOLD", "0"}})))
          .front()
          .starts_with("environment DELEGATE_BREAKER_THRESHOLD: breaker.threshold: must be from 1 to 1000, is 0 -> "));
  CHECK(
      lines(load_config(environment({{"DELEGATE_BREAKER_THRESHOLD", "3x"}}))) ==
      Lines{"environment DELEGATE_BREAKER_THRESHOLD: breaker.threshold: expected an integer, found the string \"3x\""});
  CHECK(lines(load_config(environment({{"DELEGATE_ROUTER_FALLBACK", "maybe"}}))).size() == 1);
  CHECK(lines(load_config(environment({{"DELEGATE_ROUTER_ORDER", "claude,,codex"}}))).size() == 1);
  CHECK(lines(load_config(environment({{"DELEGATE_ROUTER_TIMEOUT", ""}}))).size() == 1);
  CHECK(lines(load_config(environment({{"DELEGATE_BACKENDS_GEMINI_URL", "http://x"}}))).size() == 1);
}

TEST_CASE("a variable that fits two backends is refused") {
  ConfigSources sources = user("[backends.a-b]\nkind = \"claude\"\n[backends.a_b]\nkind = \"claude\"\n");
  CHECK(lines(load_config(sources)) == Lines{});
  sources.environment = {{"DELEGATE_BACKENDS_A_B_MODEL", "x"}};
  CHECK(lines(load_config(sources)) ==
        Lines{"environment DELEGATE_BACKENDS_A_B_MODEL: names both backends.a-b.model and backends.a_b.model -> set it "
              "in ~/.config/delegate/delegate.toml"});
}

TEST_CASE("a file that is not TOML is one problem and causes no others") {
  ConfigSources sources = user("[backends.mine]\nkind = \"command\"\ncommand = [\"mine\"\n");
  sources.project_file = ConfigFile{"project.toml", "[router]\norder = [\"mine\"]\n[backends.mine]\nmodel = \"m\"\n"};
  sources.environment = {{"DELEGATE_BREAKER_THRESHOLD", "0"}};
  const Lines problems = lines(load_config(sources));
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].starts_with("user.toml:"));
  CHECK(problems[1].starts_with("environment "));
  sources = user("[router]\norder = [\"nobody\"]\n");
  sources.project_file = ConfigFile{"project.toml", "[="};
  CHECK(lines(load_config(sources)).size() == 2);
}
