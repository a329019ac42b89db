#include <catch2/catch.hpp>

#include "tests/unit/config/loading.hpp"

// Values written out again: valid TOML with the same meaning, and without control characters.
using namespace delegate;
using namespace delegate::test;

namespace {

/// All values as a file.
std::string as_file(const Config& config) {
  std::string text;
  for (const ConfigValue& value : values_of(config))
    if (value.key != "state.url") text += value.key + " = " + to_toml(value.value) + "\n";
  return text;
}

}  // namespace

TEST_CASE("every value written out is a file that means the same") {
  const LoadedConfig loaded = load_user(
      "[backends.x]\nkind = \"command\"\ncommand = [\"x\", \"a \\\"b\\\" \\\\ \\u0007 é\"]\nanswer = \"json:/a\"\n"
      "[[backends.x.failures]]\nmatch = \"(?i)\\\\d+\"\noutcome = \"overloaded\"\n"
      "[backends.y]\nkind = \"openai\"\nurl = \"http://h\"\n[router]\ntimeout = \"90500ms\"\nfallback = false\n");
  REQUIRE(lines(loaded).empty());
  const LoadedConfig again = load_user(as_file(loaded.config));
  REQUIRE(lines(again).empty());
  CHECK(same(again.config, loaded.config));
  CHECK(again.config.backends.at("x").failures == loaded.config.backends.at("x").failures);
  CHECK(again.config.backends.at("x").command == loaded.config.backends.at("x").command);
}

TEST_CASE("values have an origin, come sections first, and a backend has the keys of its kind") {
  ConfigSources sources = user("[breaker]\nthreshold = 4\n");
  sources.environment = {{"DELEGATE_ROUTER_ORDER", "codex"}};
  std::map<std::string, ConfigValue> values;
  std::string first_backend;
  for (const ConfigValue& value : values_of(load_config(sources).config)) {
    values[value.key] = value;
    if (value.key.starts_with("backends.") && first_backend.empty()) first_backend = value.key;
    if (value.key.starts_with("breaker.")) CHECK(first_backend.empty());
  }
  CHECK(to_string(values.at("breaker.threshold").origin) == "user.toml:2:13");
  CHECK(to_string(values.at("backends.codex.breaker.threshold").origin) == "user.toml:2:13");
  CHECK(to_string(values.at("router.order").origin) == "environment DELEGATE_ROUTER_ORDER");
  CHECK(to_string(values.at("router.local").origin) == "built-in");
  CHECK(to_toml(values.at("router.order").value) == R"(["codex"])");
  CHECK(to_toml(values.at("breaker.cooldown").value) == R"("1m")");
  CHECK(to_toml(values.at("router.fallback").value) == "true");
  CHECK(values.contains("backends.ollama.url"));
  CHECK_FALSE(values.contains("backends.claude.url"));
}

TEST_CASE("control characters and invisible characters are escaped") {
  CHECK(to_toml(std::string("a\x1B]0;x\x07\r\n\t\x7F")) == R"("a\u001B]0;x\u0007\u000D\u000A\u0009\u007F")");
  CHECK(to_toml(std::string("\xC2\x9B"
                            "31m")) == R"("\u009B31m")");
  CHECK(to_toml(std::string("a\xE2\x80\xAE"
                            "b\xE2\x80\x8B\xEF\xBB\xBF")) == R"("a\u202Eb\u200B\uFEFF")");
  CHECK(to_toml(std::string("\xF3\xA0\x81\x81")) == R"("\U000E0041")");
  CHECK(to_toml(std::string("é 漢 😀 \"\\")) == "\"é 漢 😀 \\\"\\\\\"");
  CHECK(to_toml(std::string("\xFF\xC3")) == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST_CASE("a value of a type that no key has is described") {
  const auto told = [](const std::string& value) {
    const LoadedConfig loaded = load_project("backends.codex.command = " + value + "\n");
    REQUIRE(loaded.restricted.size() == 1);
    return loaded.restricted.front().value;
  };
  CHECK(told("7") == "7");
  CHECK(told("1.5") == "1.5");
  CHECK(told("1979-05-27") == "(a date)");
  CHECK(told("[\"a\", [true, { b = 1, \"c d\" = 'e' }]]") == R"(["a", [true, { b = 1, "c d" = "e" }]])");
  CHECK(told("{}") == "{}");
}
