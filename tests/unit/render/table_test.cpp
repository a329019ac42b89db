#include <catch2/catch.hpp>

#include "cli/render/table.hpp"

// Tables for people.
using namespace delegate::cli;

TEST_CASE("a cell that is too long for the terminal continues below itself, in whole words") {
  const std::vector<std::vector<std::string>> rows{{"NAME", "LAST"}, {"codex", "signed out: run codex login"}};
  CHECK(table(rows, 24) ==
        "NAME   LAST\n"
        "codex  signed out: run\n"
        "       codex login\n");
  CHECK(table(rows) == "NAME   LAST\ncodex  signed out: run codex login\n");
}

TEST_CASE("a word that is wider than its column stays whole") {
  CHECK(table({{"a", "see /a/very/long/path/to/somewhere now"}}, 20) ==
        "a  see\n   /a/very/long/path/to/somewhere\n   now\n");
}

TEST_CASE("colours do not count for the width of a column") {
  CHECK(table({{in_colour("31", "open", true), "x"}, {"closed", "y"}}, 80) == "\033[31mopen\033[0m    x\nclosed  y\n");
}
