#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"

// `config show` and `config path`: the effective values and where they were set.
using namespace delegate::test;

namespace {

std::string line_of(const Finished& shown, const std::string& key) {
  for (const std::string& line : shown.out_lines())
    if (line.find(") ") != std::string::npos && line.find(" " + key + " = ") != std::string::npos) return line;
  return {};
}

Json value_of(const Json& shown, const std::string& key) {
  for (const Json& value : shown["values"])
    if (value["key"] == key) return value;
  FAIL("there is no " << key);
  return {};
}

Json place_of(const Json& paths, const std::string& what) {
  for (const Json& place : paths["places"])
    if (place["what"] == what) return place;
  FAIL("there is no " << what);
  return {};
}

}  // namespace

TEST_CASE("config show lists every value and where it was set") {
  Cli cli;
  cli.config(
      "[breaker]\nthreshold = 4\n[backends.x]\nkind = \"command\"\ncommand = \"x\"\n"
      "[[backends.x.failures]]\nmatch = \"quota\"\noutcome = \"rate_limited\"\n");
  cli.set("DELEGATE_ROUTER_ORDER", "codex,x");
  const std::string project = cli.home("project/delegate.toml");
  cli.write(project, "[router]\n\nfallback = false");
  const Finished shown = cli.run("config show").expect(0).stderr_is("");
  const auto ends_with = [&](const std::string& key, const std::string& origin, const std::string& value) {
    const std::string line = line_of(shown, key);
    INFO(line);
    CHECK(line.find("(" + origin + ")") == 0);
    CHECK(line.ends_with("  " + key + " = " + value));
  };
  ends_with("breaker.threshold", "~/.config/delegate/delegate.toml:2", "4");
  ends_with("backends.codex.breaker.threshold", "~/.config/delegate/delegate.toml:2", "4");
  ends_with("router.fallback", "~/project/delegate.toml:3", "false");
  ends_with("router.order", "DELEGATE_ROUTER_ORDER", R"(["codex", "x"])");
  ends_with("router.timeout", "built-in", R"("15m")");
  ends_with("backends.x.failures", "~/.config/delegate/delegate.toml:6",
            R"([{ match = "quota", outcome = "rate_limited" }])");
  const std::size_t column = shown.out_lines()[0].find("router.");
  for (const std::string& line : shown.out_lines()) CHECK(line.find(") ") < column);
  for (const std::string& line : shown.out_lines()) CHECK(line[column - 1] == ' ');
}

TEST_CASE("the output of config show is a valid configuration file") {
  Cli cli;
  cli.answers("mine").set("DELEGATE_BREAKER_COOLDOWN", "90s");
  std::string text;
  for (const std::string& line : cli.run("config show").expect(0).out_lines())
    if (line.find(" state.url") == std::string::npos) text += line.substr(line.find(")  ") + 1) + "\n";
  Cli other;
  other.config(text).run("config check").expect(0);
  CHECK(other.run("config show breaker.cooldown").expect(0).out.ends_with("breaker.cooldown = \"1m30s\"\n"));
  CHECK(other.run("config show mine.command").out.find("mine says hi") != std::string::npos);
}

TEST_CASE("config show accepts keys, sections and backends") {
  Cli cli;
  CHECK(
      cli.run("config show breaker.threshold").expect(0).stdout_is("(built-in)  breaker.threshold = 3\n").err.empty());
  CHECK(cli.run("config show breaker").expect(0).out_lines().size() == 8);
  const std::string gemini = cli.run("config show gemini").expect(0).out;
  CHECK(cli.run("config show backends.gemini").expect(0).out == gemini);
  CHECK(gemini.find(" backends.gemini.command = [\"gemini\"]\n") != std::string::npos);
  CHECK(gemini.find("claude") == std::string::npos);
  CHECK(cli.run("config show gemini.breaker grace").expect(0).out_lines().size() == 10);
  cli.run("config show gemni")
      .expect(2)
      .stdout_is("")
      .stderr_has("no key, section or backend 'gemni'")
      .stderr_has("`gemini`?");
  cli.run("config show breaker gemni").expect(2).stdout_is("");
  cli.run("config show cooldown").expect(2).stderr_has("did you mean `breaker.cooldown`?");
  cli.run({"config", "show", ""}).expect(2).stdout_is("");
  cli.run({"config", "show", "\x1B]0;x\x07"}).expect(2).stderr_lacks("\x1B");
  CHECK(cli.run("config show --json nonsense_of_any_kind").expect(2).json()["error"]["outcome"] == "usage");
}

TEST_CASE("config show works with an invalid configuration, and reports what is wrong") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 0\ncooldown = \"7s\"\n");
  const Finished shown = cli.run("config show breaker").expect(3).stderr_has(":2:13: breaker.threshold: must be from");
  CHECK(line_of(shown, "breaker.cooldown").ends_with("\"7s\""));
  CHECK(line_of(shown, "breaker.threshold").find("(built-in)") == 0);
  Json json = cli.run("config show --json").expect(3).json();
  CHECK(json["problems"].size() == 1);
  CHECK(json["problems"][0]["key"] == "breaker.threshold");
}

TEST_CASE("config show as JSON has typed values and origins") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 4").set("DELEGATE_ROUTER_LOCAL", "");
  Json json = cli.run("config show --json").expect(0).json();
  CHECK(json["schema"] == "delegate.config/1");
  CHECK(value_of(json, "breaker.threshold")["value"] == 4);
  CHECK(value_of(json, "breaker.threshold")["origin"] ==
        Json({{"layer", "user_file"}, {"path", cli.config_file()}, {"line", 2}}));
  CHECK(value_of(json, "router.fallback")["value"] == true);
  CHECK(value_of(json, "router.order")["value"][0] == "claude");
  CHECK(value_of(json, "router.timeout") ==
        Json({{"key", "router.timeout"}, {"value", "15m"}, {"origin", {{"layer", "built_in"}}}}));
  CHECK(value_of(json, "router.local")["origin"] ==
        Json({{"layer", "environment"}, {"variable", "DELEGATE_ROUTER_LOCAL"}}));
  CHECK(json["problems"] == Json::array());
}

TEST_CASE("config show masks passwords and keys") {
  Cli cli;
  cli.config(
      "[backends.ollama]\nurl = \"http://me:hunter22@127.0.0.1:1/x\"\n[backends.x]\nkind = \"command\"\n"
      "command = [\"x\", \"--key=sk-0123456789abcdef\", \"topsecretvalue\", \"https://a:b@c/d@e\"]\n");
  cli.set("MY_API_KEY", "topsecretvalue");
  for (const char* words : {"config show", "config show --json"}) {
    const Finished shown = cli.run(words).expect(0);
    shown.stdout_lacks("hunter22").stdout_lacks("sk-0123").stdout_lacks("topsecret").stdout_lacks("a:b@");
    shown.stdout_has("http://***@127.0.0.1:1/x").stdout_has("https://***@c/d@e");
  }
  cli.config("[backends.ollama]\nurl = \"me:hunter22@127.0.0.1:1\"");
  cli.run("config show ollama.url").expect(0).stdout_has("\"***@127.0.0.1:1\"");
}

TEST_CASE("config path lists the files, which of them are used, and what names them") {
  Cli cli;
  Json bare = cli.run("config path --json").expect(0).json();
  CHECK(bare["schema"] == "delegate.config_path/1");
  CHECK(place_of(bare, "yours")["where"] == cli.config_file());
  CHECK(place_of(bare, "yours")["state"] == "not there; `delegate config init` writes one");
  CHECK(place_of(bare, "project")["state"] == "none: " + cli.home() + " is the home directory");
  CHECK(place_of(bare, "state")["where"] == cli.state_file());
  CHECK(place_of(bare, "trust")["where"] == cli.home(".local/state/delegate/trusted.json"));
  CHECK_FALSE(std::filesystem::exists(cli.state_file()));
  cli.config("[state]\npath = \"~/elsewhere.db\"").set("DELEGATE_BREAKER_THRESHOLD", "2");
  cli.write(cli.home("project/delegate.toml"), "[breaker]\ncooldown = 1");
  Json used = cli.run("config path --json").expect(0).json();
  CHECK(place_of(used, "yours")["state"] == "used");
  CHECK(place_of(used, "project")["where"] == cli.home("project/delegate.toml"));
  CHECK(place_of(used, "project")["state"] == "used in part: not trusted");
  CHECK(place_of(used, "environment")["where"] == "DELEGATE_BREAKER_THRESHOLD");
  CHECK(place_of(used, "state")["where"] == cli.home("elsewhere.db"));
  cli.write(cli.home("project/delegate.toml"), "[router]\nfallback = false");
  CHECK(place_of(cli.run("config path --json").expect(0).json(), "project")["state"] == "used");
  cli.run("config path").expect(0).stdout_has("~/.config/delegate/delegate.toml").stderr_is("");
}

TEST_CASE("config path works when a file cannot be read, and without a home") {
  Cli cli;
  Json named = cli.run("--config /nonexistent/x.toml config path --json").expect(0).json();
  CHECK(place_of(named, "named") ==
        Json({{"what", "named"}, {"where", "/nonexistent/x.toml"}, {"state", "not there"}}));
  CHECK(place_of(named, "project")["state"] == "not looked for: a file was named");
  std::filesystem::create_directories(cli.config_file());
  const std::string state = place_of(cli.run("config path --json").expect(0).json(), "yours")["state"];
  CHECK(state.find("is a directory") != std::string::npos);
  for (const char* variable : {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"}) cli.unset(variable);
  Json homeless = cli.run("config path --json").expect(0).json();
  CHECK(place_of(homeless, "yours")["state"] == "no place: neither XDG_CONFIG_HOME nor HOME is set");
  CHECK(place_of(homeless, "trust")["state"] == "no place: neither XDG_STATE_HOME nor HOME is set");
  cli.set("HOME", "here");
  CHECK_FALSE(place_of(cli.run("config path --json").expect(0).json(), "yours").contains("where"));
}
