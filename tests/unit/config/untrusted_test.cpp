#include <catch2/catch.hpp>

#include "tests/unit/config/loading.hpp"

// What each key of a project's file may do until the file is trusted.
using namespace delegate;
using namespace delegate::test;
using Lines = std::vector<std::string>;

namespace {

bool has(const Lines& all, const std::string& one) { return std::find(all.begin(), all.end(), one) != all.end(); }

/// With a backend that has the key.
std::string full_name(const KeyInfo& key) {
  std::string name = key.name;
  const bool is_for_gemini = key.kinds.empty() || has(key.kinds, "gemini");
  if (const std::size_t at = name.find("NAME"); at != std::string::npos)
    name.replace(at, 4, is_for_gemini || !has(key.kinds, "ollama") ? "gemini" : "ollama");
  return name;
}

/// A valid value that is not the default.
std::string other_value(const KeyInfo& key) {
  const std::map<std::string, std::string> by_name{
      {"router.order", "[\"mine\"]"},          {"router.order_light", "[\"mine\"]"},
      {"router.heavy_types", "[\"test\"]"},    {"router.local", "\"my-server\""},
      {"output.markdown", "\"never\""},        {"router.balance", "\"headroom\""},
      {"router.reserve_is", "\"soft\""},       {"backends.NAME.overage", "\"avoid\""},
      {"backends.NAME.when_full", "\"wait\""}, {"backends.NAME.failures", "[{match = 'x', outcome = 'overloaded'}]"}};
  if (const auto known = by_name.find(key.name); known != by_name.end()) return known->second;
  if (key.type == "duration") return "\"17ms\"";
  if (key.type == "integer") return "1";
  if (key.type == "share") return "\"17%\"";
  if (key.type == "list of amounts") return "\"17 calls\"";
  if (key.type == "number") return "1.7";
  if (key.type == "true or false") return "false";
  return "\"x\"";
}

Lines keys_of(const std::vector<RestrictedSetting>& settings) {
  Lines keys;
  for (const RestrictedSetting& setting : settings) keys.push_back(setting.key);
  return keys;
}

/// Backends that your order does not name.
constexpr const char* kMore =
    "[backends.mine]\nkind = \"command\"\ncommand = \"mine\"\n"
    "[backends.my-server]\nkind = \"openai\"\nurl = \"http://localhost:1\"\n";

/// Backends whose failures do not count.
Lines changed(const Config& config) {
  Lines names;
  for (const auto& [name, backend] : config.backends)
    if (backend.changed_by != UntrustedChanges{}) names.push_back(name);
  return names;
}

}  // namespace

TEST_CASE("every key says what a project's file may do with it until it is trusted, and does no more") {
  std::map<UntrustedUse, int> counts;
  for (const KeyInfo& key : known_keys()) {
    ++counts[key.untrusted];
    const std::string name = full_name(key);
    INFO(name);
    const bool is_refused = key.untrusted == UntrustedUse::refused;
    ConfigSources sources = user(kMore);
    sources.project_file = ConfigFile{"project.toml", name + " = " + (is_refused ? "424242" : other_value(key)) + "\n"};
    const LoadedConfig loaded = load_config(sources);
    const bool applies = !same(loaded.config, load_user(kMore).config);
    switch (key.untrusted) {
      case UntrustedUse::undecided: FAIL("no decision in core/config/schema.cpp"); break;
      case UntrustedUse::refused:
        REQUIRE(loaded.problems.size() == 1);
        CHECK(loaded.problems.front().what == "may not be set by a project's delegate.toml that is not trusted");
        CHECK_FALSE(applies);
        break;
      case UntrustedUse::ignored:
      case UntrustedUse::reorder:
        CHECK(lines(loaded) == Lines{});
        CHECK(keys_of(loaded.ignored) == Lines{name});
        CHECK_FALSE(applies);
        break;
      case UntrustedUse::this_run:
      case UntrustedUse::shorten:
        CHECK(lines(loaded) == Lines{});
        CHECK(keys_of(loaded.this_run) == Lines{name});
        CHECK(applies);
        CHECK(changed(loaded.config).size() == (name.starts_with("router.") ? 6 : 1));
        break;
      case UntrustedUse::turn_off: {
        CHECK(applies);
        sources = user(name + " = false\n");
        sources.project_file = ConfigFile{"project.toml", name + " = true\n"};
        CHECK(same(load_config(sources).config, load_user(name + " = false\n").config));
        break;
      }
      case UntrustedUse::harmless:
        CHECK(lines(loaded) == Lines{});
        CHECK(applies);
        CHECK(changed(loaded.config) == Lines{});
        break;
    }
    CHECK(loaded.ignored.empty() == (key.untrusted != UntrustedUse::ignored && key.untrusted != UntrustedUse::reorder));
  }
  for (const UntrustedUse use :
       {UntrustedUse::refused, UntrustedUse::ignored, UntrustedUse::this_run, UntrustedUse::shorten,
        UntrustedUse::reorder, UntrustedUse::turn_off, UntrustedUse::harmless})
    CHECK(counts[use] > 0);
}

TEST_CASE("a breaker setting of an untrusted file holds for no backend, set for all or for one") {
  ConfigSources sources = user("[breaker]\nthreshold = 7\n");
  sources.project_file = ConfigFile{
      "project.toml", "[breaker]\nthreshold = 1\ncooldown = \"24h\"\n[backends.codex]\nbreaker.threshold = 1\n"};
  const LoadedConfig loaded = load_config(sources);
  REQUIRE(lines(loaded) == Lines{});
  for (const auto& [name, backend] : loaded.config.backends) {
    INFO(name);
    CHECK(backend.breaker.threshold == 7);
    CHECK(backend.breaker.cooldown == 60s);
    CHECK(backend.changed_by == UntrustedChanges{});
  }
  CHECK(keys_of(loaded.ignored) == Lines{"breaker.threshold", "breaker.cooldown", "backends.codex.breaker.threshold"});
  CHECK(to_string(loaded.config.origin("breaker.threshold")) == "user.toml:2:13");
  CHECK(to_string(loaded.config.origin("backends.codex.breaker.threshold")) == "user.toml:2:13");
}

TEST_CASE("an untrusted file frees no backend from your budget by calling it the local model") {
  const std::string own = std::string(kMore) + "[router]\norder = [\"my-server\", \"ollama\"]\n";
  const bool has_budget = GENERATE(true, false);
  ConfigSources sources = user(own + (has_budget ? "[budget]\nday = \"3 calls\"\n" : ""));
  sources.project_file = ConfigFile{"project.toml", "[router]\nlocal = \"my-server\"\n"};
  const LoadedConfig loaded = load_config(sources);
  CHECK(lines(loaded) == Lines{});
  CHECK(keys_of(loaded.ignored) == (has_budget ? Lines{"router.local"} : Lines{}));
  CHECK(loaded.config.router.local == (has_budget ? "ollama" : "my-server"));
  sources.project_file = ConfigFile{"project.toml", "[router]\nlocal = \"\"\n"};
  CHECK(load_config(sources).config.router.local.empty());
}

TEST_CASE("no project makes a limit in dollars a mistake by having no local model") {
  ConfigSources sources = user("[budget]\nday = \"$5\"\n[backends]\ncodex.enabled = false\ngemini.enabled = false\n");
  REQUIRE(lines(load_config(sources)) == Lines{});
  sources.project_file = ConfigFile{"project.toml", "[router]\nlocal = \"\"\n"};
  CHECK(lines(load_config(sources)) == Lines{});
}

TEST_CASE("a mistake in an ignored setting is still a mistake") {
  CHECK(lines(load_project("[breaker]\nthreshold = 0\n")).size() == 1);
}

TEST_CASE("an untrusted order may only leave out and rearrange what yours has") {
  const char* const own = "[router]\norder = [\"claude\", \"gemini\"]\nlocal = \"ollama\"\n";
  ConfigSources sources = user(own);
  const auto load = [&](const std::string& text) {
    sources.project_file = ConfigFile{"project.toml", "[router]\n" + text + "\n"};
    return load_config(sources);
  };
  for (const char* text : {"order = [\"gemini\", \"claude\"]", "order = [\"ollama\"]", "order = []",
                           "order_light = [\"ollama\", \"gemini\"]", "local = \"\"",
                           "order = [[\"gemini\", \"claude\"]]", "order = [[\"claude\", \"ollama\"], \"gemini\"]"}) {
    INFO(text);
    const LoadedConfig loaded = load(text);
    CHECK(loaded.ignored.empty());
    CHECK(loaded.restricted.empty());
    CHECK_FALSE(same(loaded.config, load_user(own).config));
  }
  for (const char* text : {"order = [\"codex\"]", "order = [\"claude\", \"codex\"]", "order_light = [\"codex\"]",
                           "order = [[\"claude\", \"codex\"], \"gemini\"]"}) {
    INFO(text);
    sources.project_trust = ProjectTrust::none;
    const LoadedConfig loaded = load(text);
    REQUIRE(loaded.ignored.size() == 1);
    CHECK(loaded.ignored[0].key + " = " + loaded.ignored[0].value == "router." + std::string(text));
    CHECK(loaded.ignored[0].origin.line == 2);
    CHECK(same(loaded.config, load_user(own).config));
    sources.project_trust = ProjectTrust::trusted;
    const LoadedConfig trusted = load(text);
    CHECK(trusted.ignored.empty());
    CHECK(trusted.restricted.size() == 1);
    CHECK_FALSE(same(trusted.config, load_user(own).config));
  }
}

TEST_CASE("only shorter clocks excuse a failure, and a longer time limit is not the project's to set") {
  ConfigSources sources = user("[backends.codex]\ntimeout = \"5m\"\nidle_timeout = \"1m\"\n");
  const auto codex = [&](const std::string& text) {
    sources.project_file = ConfigFile{"/src/delegate.toml", "[backends.codex]\n" + text};
    return load_config(sources).config.backends.at("codex");
  };
  CHECK(codex("timeout = \"4m\"\nidle_timeout = \"59s\"\n").changed_by ==
        UntrustedChanges{
            Distrust::clocks, "/src/delegate.toml", {"backends.codex.timeout", "backends.codex.idle_timeout"}});
  CHECK(codex("timeout = \"4m\"\nmodel = \"x\"\n").changed_by.distrust == Distrust::everything);
  const BackendSettings longer = codex("timeout = \"6h\"\nidle_timeout = 0\nfirst_output_timeout = \"2m\"\n");
  CHECK(longer.changed_by == UntrustedChanges{});
  CHECK(longer.timeout == 5min);
  CHECK(longer.idle_timeout == 0ms);
  CHECK(keys_of(load_config(sources).ignored) == Lines{"backends.codex.timeout"});
  SECTION("your own value, or one from the environment, is not the file's") {
    CHECK(codex("timeout = \"5m\"\n").changed_by == UntrustedChanges{});
    sources.environment = {{"DELEGATE_BACKENDS_CODEX_TIMEOUT", "1s"}};
    CHECK(codex("timeout = \"2s\"\n").changed_by == UntrustedChanges{});
  }
  SECTION("a trusted file is like your own") {
    sources.project_trust = ProjectTrust::trusted;
    CHECK(codex("timeout = \"1s\"\nbreaker.threshold = 1\n").changed_by == UntrustedChanges{});
    CHECK(codex("timeout = \"6h\"\n").timeout == 6h);
    CHECK(codex("breaker.threshold = 1\n").breaker.threshold == 1);
  }
}

TEST_CASE("a copy of the built-in values changes nothing of yours") {
  ConfigSources sources = user("[backends.codex]\ntimeout = \"20m\"\n[breaker]\nthreshold = 5\n");
  sources.project_file = ConfigFile{"project.toml", "[backends.codex]\ntimeout = \"10m\"\n[breaker]\nthreshold = 3\n"};
  const LoadedConfig loaded = load_config(sources);
  CHECK(same(loaded.config, load_config(user(sources.user_file->text)).config));
  CHECK(loaded.ignored.empty());
  CHECK(loaded.this_run.empty());
  CHECK(loaded.restricted.empty());
}
