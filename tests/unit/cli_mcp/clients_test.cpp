#include <catch2/catch.hpp>

#include "cli/mcp/clients.hpp"

// How long an agent waits, and how much it shows.
using namespace std::chrono_literals;
using namespace delegate::cli::server;

TEST_CASE("an agent is recognised by the beginning of its name, and an unknown one gets a short time limit") {
  CHECK(habits_of("codex-mcp-client").patience == habits_of("codex").patience);
  CHECK(habits_of("codex").max_result < habits_of("gemini-cli-mcp-client").max_result);
  CHECK(habits_of("another").patience < 60s);
  CHECK(habits_of("").patience < 60s);
  CHECK(habits_of("my codex").patience == habits_of("").patience);
}

TEST_CASE("an agent's stated limit is used less a reserve for transport, and never less than half of it") {
  CHECK(patience_of("codex", std::nullopt) == habits_of("codex").patience);
  CHECK(patience_of("codex", 60s) == 55s);
  CHECK(patience_of("codex", 10s) == 5s);
  CHECK(patience_of("codex", 2s) == 1s);
  CHECK(patience_of("", 1ms) < 1ms);
}
