#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <set>

#include "tests/unit/config/loading.hpp"

// delegate.toml of the repository documents every key; it must match the program.
using namespace delegate;
using namespace delegate::test;

namespace {

std::string example() {
  std::ifstream file(std::string(SOURCE_DIRECTORY) + "/delegate.toml", std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The text with commented TOML uncommented.
std::string uncommented(const std::string& text, std::string_view from) {
  std::string out;
  std::string rest = text.substr(text.find(from));
  for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
    const std::string line = rest.substr(0, end);
    const bool is_key = line.starts_with("# ") && line.find(" = ") != std::string::npos;
    if (is_key || line.starts_with("# [")) out += line.substr(2) + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("the example file as the user's own is the built-in configuration, with every key") {
  const LoadedConfig loaded = load_user(example());
  REQUIRE(lines(loaded) == std::vector<std::string>{});
  CHECK(flatten(loaded.config) == flatten(built_in_config()));
  std::set<std::string> said;
  for (const auto& [key, origin] : loaded.config.origins) said.insert(key);
  for (const auto& [key, value] : flatten(built_in_config())) {
    INFO(key);
    const auto is_of = [&key = key](const char* part) {
      return key.starts_with("backends.") && key.find(part) != std::string::npos;
    };
    const bool left_out = key == "state.url" || is_of(".breaker.") || is_of(".budget.") || is_of(".price.");
    CHECK(said.contains(key) != left_out);
  }
}

TEST_CASE("the example file as a project's file has no problem and changes nothing") {
  const LoadedConfig loaded = load_project(example());
  CHECK(lines(loaded) == std::vector<std::string>{});
  CHECK(same(loaded.config, built_in_config()));
  for (const auto& [key, origin] : loaded.config.origins) CHECK(origin.layer == Layer::project_file);
}

TEST_CASE("the commented examples in the example file work when they are uncommented") {
  const LoadedConfig loaded = load_user(uncommented(example(), "# Backends of your own"));
  REQUIRE(lines(loaded) == std::vector<std::string>{});
  CHECK(loaded.config.backends.at("agy").failures ==
        std::vector<FailureRule>{{"(?i)quota|rate limit", "rate_limited"}});
  CHECK(loaded.config.candidates("claude") == std::vector<std::string>{"claude@work", "claude@home"});
  CHECK(loaded.config.backends.at("llama").url == "http://127.0.0.1:8080");
  CHECK(loaded.config.backends.at("claude2").breaker.threshold == 2);
}

TEST_CASE("every known key is documented and has a value in the flat view") {
  const std::map<std::string, std::string> flat =
      flatten(load_user("[backends.x]\nkind = \"command\"\ncommand = \"x\"\n[backends.y]\nkind = \"openai\"\nurl = "
                        "\"http://h\"\n")
                  .config);
  for (const KeyInfo& key : known_keys()) {
    INFO(key.name);
    CHECK_FALSE(key.doc.empty());
    CHECK_FALSE(key.type.empty());
    if (key.name == "backends.NAME.failures" || key.name == "backends.NAME.logins") continue;
    const std::size_t at = key.name.find("NAME");
    const auto has = [&](const char* name) {
      return flat.contains(at == std::string::npos ? key.name : std::string(key.name).replace(at, 4, name));
    };
    CHECK((has("x") || has("y") || has("ollama")));
  }
}

TEST_CASE("the flat view is canonical text, and a backend has the keys of its kind") {
  const std::map<std::string, std::string> flat = flatten(built_in_config());
  CHECK(flat.at("breaker.cooldown") == "1m");
  CHECK(flat.at("router.order") == R"(["claude", "codex", "gemini", "ollama"])");
  CHECK(flat.at("router.order_light") == "[]");
  CHECK(flat.at("router.fallback") == "true");
  CHECK(flat.at("backends.gemini.env.keep") == R"(["GEMINI_API_KEY", "GOOGLE_API_KEY"])");
  CHECK(flat.at("backends.ollama.max_tokens") == "0");
  CHECK(flat.at("backends.claude.breaker.threshold") == "3");
  CHECK_FALSE(flat.contains("backends.claude.url"));
  CHECK_FALSE(flat.contains("backends.ollama.command"));
}
