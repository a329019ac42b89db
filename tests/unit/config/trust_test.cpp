#include <catch2/catch.hpp>

#include "tests/unit/config/loading.hpp"

// What a trusted project's file may set, and how that is reported.
using namespace delegate;
using namespace delegate::test;
using Lines = std::vector<std::string>;

namespace {

constexpr const char* kBold = R"([breaker]
threshold = 8
[backends.codex]
command = ["codex", "--fast"]
[backends.mine]
kind = "command"
command = "mine"
timeout = "5m"
[state]
store = "sqlite"
)";

ConfigSources bold(ProjectTrust trust) {
  ConfigSources sources = project(kBold);
  sources.project_trust = trust;
  return sources;
}

Lines restricted(const LoadedConfig& loaded) {
  Lines out;
  for (const RestrictedSetting& setting : loaded.restricted)
    out.push_back(std::to_string(setting.origin.line) + ": " + setting.key + " = " + setting.value);
  return out;
}

}  // namespace

TEST_CASE("a trusted project's file sets what runs and adds backends, like the user's own") {
  const LoadedConfig loaded = load_config(bold(ProjectTrust::trusted));
  REQUIRE(lines(loaded) == Lines{});
  CHECK(loaded.config.backends.at("codex").command == Lines{"codex", "--fast"});
  CHECK(loaded.config.backends.at("mine").command == Lines{"mine"});
  CHECK(loaded.config.breaker.threshold == 8);
  CHECK(loaded.config.origin("backends.codex.command").layer == Layer::project_file);
}

TEST_CASE("an untrusted one sets none of it, and every such problem says that trust is missing") {
  const LoadedConfig loaded = load_config(bold(ProjectTrust::none));
  REQUIRE(loaded.problems.size() == 2);
  for (const ConfigProblem& problem : loaded.problems) CHECK(problem.needs_trust);
  CHECK(loaded.config.backends.at("codex").command == Lines{"codex"});
  CHECK_FALSE(loaded.config.backends.contains("mine"));
  CHECK(loaded.config.breaker.threshold == 3);
}

TEST_CASE("the problem says if the file has changed since it was trusted") {
  const LoadedConfig loaded = load_config(bold(ProjectTrust::changed));
  REQUIRE(loaded.problems.size() == 2);
  CHECK(loaded.problems[0].what == "may not be set by a project's delegate.toml that has changed since it was trusted");
  CHECK(loaded.problems[1].what ==
        "a new backend may not come from a project's delegate.toml that has changed since it was trusted");
  CHECK(loaded.config.backends.at("codex").command == Lines{"codex"});
}

TEST_CASE("settings that need trust are listed with line and value, trusted or not") {
  const Lines told{"2: breaker.threshold = 8", "4: backends.codex.command = [\"codex\", \"--fast\"]",
                   "6: backends.mine.kind = \"command\"", "7: backends.mine.command = \"mine\"",
                   "8: backends.mine.timeout = \"5m\""};
  for (const ProjectTrust trust : {ProjectTrust::none, ProjectTrust::changed, ProjectTrust::trusted})
    CHECK(restricted(load_config(bold(trust))) == told);
  CHECK(restricted(load_project("[backends.mine]\n")) == Lines{"1: backends.mine = "});
  CHECK(restricted(load_project("[backends.ollama]\nmodel = \"x:cloud\"\n")) ==
        Lines{"2: backends.ollama.model = \"x:cloud\""});
  CHECK(restricted(load_project("[backends.codex]\ntimeout = \"1m\"\n")) ==
        Lines{"2: backends.codex.timeout = \"1m\""});
  CHECK(restricted(load_project("[router]\norder = [\"codex\"]\nfallback = false\n")) == Lines{});
  CHECK(restricted(load_user(kBold)) == Lines{});
}

TEST_CASE("trust does not hide mistakes") {
  ConfigSources sources = project("[backends.codex]\ncommand = \"./x\"\n[breaker]\nthreshold = 0\n");
  sources.project_trust = ProjectTrust::trusted;
  const LoadedConfig loaded = load_config(sources);
  REQUIRE(loaded.problems.size() == 2);
  for (const ConfigProblem& problem : loaded.problems) CHECK_FALSE(problem.needs_trust);
}

TEST_CASE("the hint has the directory, quoted for a shell") {
  CHECK(trust_hint("/src/app/delegate.toml").starts_with("read it, then `delegate trust /src/app`; or "));
  CHECK(trust_hint("/my src/it's/delegate.toml").starts_with("read it, then `delegate trust '/my src/it'\\''s'`; or "));
  CHECK(trust_hint("/delegate.toml").starts_with("read it, then `delegate trust /`; or "));
}
