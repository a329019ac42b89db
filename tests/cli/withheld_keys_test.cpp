#include <catch2/catch.hpp>

#include "tests/cli/codex_error.hpp"

// What delegate says about a key that it kept from a CLI.

using namespace delegate;
using namespace delegate::test;

TEST_CASE("a hint names the key that was kept from the CLI, and how to pass it on") {
  Cli cli;
  cli.set("AZURE_OPENAI_API_KEY", "not-a-real-key");
  codex_says(cli, "Missing environment variable: `AZURE_OPENAI_API_KEY`.", "env.keep = [\"CODEX_API_KEY\"]\n");
  const Finished failed = cli.run("ask -b codex hello")
                              .expect(1)
                              .stderr_has(
                                  "AZURE_OPENAI_API_KEY is set but kept from it: to use it, set "
                                  "backends.codex.env.keep = [\"CODEX_API_KEY\", "
                                  "\"AZURE_OPENAI_API_KEY\"]");
  CHECK(failed.err.find("not-a-real-key") == std::string::npos);
}

TEST_CASE("no key is named if none was removed, or if the failure is about something else") {
  Cli cli;
  codex_says(cli, "Missing environment variable: `AZURE_OPENAI_API_KEY`.");
  CHECK(cli.run("ask -b codex hello").expect(1).err.find("kept from it") == std::string::npos);
  cli.set("OPENAI_API_KEY", "not-a-real-key");
  codex_says(cli, "429 Too Many Requests");
  CHECK(cli.run("ask -b codex hello").err.find("kept from it") == std::string::npos);
}

TEST_CASE("a key of another vendor does not explain that a CLI is signed out") {
  Cli cli;
  cli.set("ANTHROPIC_API_KEY", "not-a-real-key");
  codex_says(cli, "401 Unauthorized");
  CHECK(cli.run("ask -b codex hello").expect(1).err.find("ANTHROPIC_API_KEY") == std::string::npos);
}

TEST_CASE("the hint names a withheld key whose name does not end like one") {
  Cli cli;
  cli.set("OPENAI_API_KEY_WORK", "not-a-real-key").set("AZURE_OPENAI_AD_TOKEN", "not-a-real-key");
  const bool is_named = GENERATE(true, false);
  codex_says(cli, is_named ? "Missing environment variable: `AZURE_OPENAI_AD_TOKEN`." : "401 Unauthorized");
  cli.run("ask -b codex hello")
      .expect(1)
      .stderr_has(is_named ? "AZURE_OPENAI_AD_TOKEN is set but kept from it: to use it, set " : "OPENAI_API_KEY_WORK")
      .stderr_has("kept from it");
}
