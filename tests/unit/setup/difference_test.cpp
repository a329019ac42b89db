#include <catch2/catch.hpp>

#include "cli/setup/difference.hpp"

// What is shown of a file that may hold tokens.
using namespace delegate::cli::setup;

TEST_CASE("a difference shows removed and added lines, with two lines of context") {
  CHECK(difference("a\nb\nc\nd\ne\n", "a\nb\nc\nX\nd\ne\n", {"a", "b", "c", "d", "e", "X"}) ==
        "@@ -2,4 +2,5 @@\n b\n c\n+X\n d\n e\n");
  CHECK(difference("", "a\n", {"a"}) == "@@ -0,0 +1,1 @@\n+a\n");
  CHECK(difference("a\n", "", {"a"}) == "@@ -1,1 +0,0 @@\n-a\n");
  CHECK(difference("a\nb\nc\n", "a\nc\n", {"a", "b", "c"}) == "@@ -1,3 +1,2 @@\n a\n-b\n c\n");
}

TEST_CASE("a shown line contains names, numbers and known words, and nothing else") {
  const std::vector<std::string> known{"mcp", "command"};
  CHECK(masked(R"(  "args": ["mcp", "hunter2"], // hunter3)", known) == R"(  "args": ["mcp", "…"], …)");
  CHECK(masked("command = 'hunter2' # hunter3", known) == "command = '…' …");
  CHECK(masked("hunter2 = mcp", known) == "… = mcp");
  CHECK(masked("\"pin\": 123456789, \"port\": 80, \"on\": true", known) == "\"pin\": …, \"port\": 80, \"on\": true");
  CHECK(masked("a \\\"hunter2\\\": \"", known) == "… …");
  CHECK(masked("\"hunter2", known) == "\"…\"");
  CHECK(masked("\"a\\\"hunter2\": 1", {}) == "\"a\\\"hunter2\": 1");  // a name
  CHECK(masked("\x1b[31m hunter2", known) == "…");
}
