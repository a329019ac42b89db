#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"

// A key that a CLI, a server or the user leaks reaches neither the terminal nor a file nor a child.
using namespace delegate::test;

namespace {

const std::string kKey = "the-key-of-a-person-4711";

/// A user with a key in the environment, and a fake CLI that prints it.
struct Leak {
  Leak() { cli.set("CODEX_API_KEY", kKey); }
  /// The fake CLI prints the contents of a file: in its arguments a key would be rejected.
  std::string script(const std::string& text) {
    cli.write(cli.file("script"), text);
    return cli.file("script");
  }
  void check(const Finished& finished) {
    INFO(finished.out << finished.err);
    CHECK(finished.out.find(kKey) == std::string::npos);
    CHECK(finished.err.find(kKey) == std::string::npos);
    CHECK(finished.err.find("4711") == std::string::npos);
  }
  /// Everything that is remembered, and everything that shows it.
  void check_memory() {
    for (const char* words : {"status", "status --json", "runs", "runs --json", "runs --totals", "breaker list"})
      check(cli.run(words));
    for (const std::string& file : cli.files_with(kKey)) CHECK(file == cli.file("script"));
  }
  Cli cli;
};

}  // namespace

TEST_CASE("a key in the output of a CLI reaches neither the terminal nor the history nor JSON") {
  Leak leak;
  const std::string words =
      GENERATE(as<std::string>{}, "invalid api key: " + kKey, "the-key-of-a-\nperson-4711",
               std::string(380, 'x') + " " + kKey, "{\"error\":\"the-key-of-a\\u002dperson-4711\"}");
  const std::string stream = GENERATE(as<std::string>{}, "--play", "--play-err");
  leak.cli.backend("codex", {stream, leak.script(words + "\n"), "--exit", "1"});
  leak.check(leak.cli.run("ask -v -b codex hello").expect(1).stdout_is("").stderr_has("[redacted]"));
  leak.check(leak.cli.run("ask --json -b codex hello"));
  leak.check(leak.cli.run("ping codex"));
  leak.check_memory();
}

TEST_CASE("a key in the structured output of a CLI is redacted") {
  Leak leak;
  const std::string lines = R"({"type":"thread.started","thread_id":")" + kKey + "\"}\n" +
                            R"({"type":"turn.failed","error":{"message":"401 Unauthorized for )" + kKey + "\"}}\n";
  leak.cli.backend("codex", {"--play", leak.script(lines)}, "kind = \"codex\"");
  leak.check(leak.cli.run("ask -v -b codex hello").expect(1).stderr_has("[redacted]"));
  leak.check(leak.cli.run("ask --json -b codex hello"));
  leak.check_memory();
}

TEST_CASE("an answer is printed unchanged, and stored without the key") {
  Leak leak;
  leak.cli.config("[history]\nkeep_prompts = true\nkeep_answers = true\n");
  leak.cli.backend("codex", {"--play", leak.script("it is " + kKey + "\n")});
  leak.cli.run("ask -b codex hello " + kKey).expect(0).stdout_is("it is " + kKey + "\n");
  CHECK_FALSE(leak.cli.files_with("hello [redacted]").empty());
  leak.check_memory();
}

TEST_CASE("a key in the arguments of a child is refused before anything is started") {
  Leak leak;
  SECTION("in the command of the configuration") {
    leak.cli.counted("codex", {"--say", kKey});
    leak.check(leak.cli.run("ask -b codex hello")
                   .expect(6)
                   .stderr_has("every user of this machine could read")
                   .stderr_has("\nhint: "));
  }
  SECTION("as a model") {
    leak.cli.counted("codex", {"--say", "hi"});
    leak.check(leak.cli.run("ask -b codex -m " + kKey + " hello").expect(6));
  }
  SECTION("by its shape") {
    leak.cli.counted("codex", {"--say", "--api-key=a1b2c3d4e5f6"});
    leak.check(leak.cli.run("ask -b codex hello").expect(6));
  }
  CHECK(leak.cli.spawns("codex") == 0);
  CHECK(leak.cli.status_of("codex")["breaker"]["failures"] == 0);
}

TEST_CASE("a key in the wrong place of a file is not repeated in the error") {
  Leak leak;
  const auto toml = GENERATE_COPY(as<std::string>{}, "[breaker]\ncooldown = \"" + kKey + "\"\n",
                                  "[router]\norder = [\"" + kKey + "\"]\n", "[" + kKey + "]\nx = 1\n",
                                  "[backends.codex]\nmodel = \"" + kKey + "\"\nnone = \"" + kKey + "\"\n");
  leak.cli.config(toml);
  for (const char* words :
       {"ask hello", "ask --json hello", "config check", "config check --json", "config show", "config show --json"})
    leak.check(leak.cli.run(words));
}

TEST_CASE("a key in the wrong place of a command line is not repeated in the error") {
  Leak leak;
  leak.cli.answers("codex");
  for (const char* words : {"ask -b ", "ask --timeout ", "ask --tier ", "ask --type ", "ask -b codex --", "runs ",
                            "runs --since ", "ping ", "breaker reset ", "", "--config "})
    for (const char* json : {"", " --json"}) leak.check(leak.cli.run(words + kKey + json));
}

TEST_CASE("a key in the URL of a server is shown nowhere") {
  Leak leak;
  leak.cli.config("[backends.llama]\nkind = \"openai\"\nurl = \"http://anna:" + kKey + "@127.0.0.1:9/x?key=" + kKey +
                  "\"\n");
  leak.cli.set("OLLAMA_HOST", "http://127.0.0.1:9/?key=" + kKey);
  for (const char* words : {"config init --print", "drill --mine", "ask -b llama hello", "ask --json -b llama hello",
                            "backends", "backends --check --json", "ping llama", "config show", "config show --json"})
    leak.check(leak.cli.run(words));
  CHECK(leak.cli.files_with(kKey).empty());
}
