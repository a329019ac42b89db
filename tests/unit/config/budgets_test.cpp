#include <catch2/catch.hpp>

#include "tests/unit/config/loading.hpp"

// Budgets, and what a limit in dollars needs.
using namespace delegate;
using namespace delegate::test;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kHint = " -> set price.input and price.output there, or limit tokens or calls";
constexpr const char* kPrices =
    "[backends.codex]\nprice = { input = 1.25, output = 10 }\n[backends.gemini]\nenabled = false\n";

}  // namespace

TEST_CASE("a limit of tokens or calls needs no price") {
  CHECK(problems_of("[budget]\nday = [\"2M tokens\", \"300 calls\"]\n[backends.codex]\nbudget.week = \"9 calls\"\n") ==
        Strings{});
}

TEST_CASE("a limit in dollars needs the cost of each call that it is for") {
  CHECK(problems_of("[budget]\nday = \"$5\"\n") ==
        Strings{"user.toml:2:7: budget.day: a limit in dollars needs the cost of each call, which is not known for "
                "codex, gemini" +
                std::string(kHint)});
  CHECK(problems_of("[backends.codex]\nbudget.month = \"$5\"\n") ==
        Strings{"user.toml:2:16: backends.codex.budget.month: a limit in dollars needs the cost of each call, which is "
                "not known for codex" +
                std::string(kHint)});
}

TEST_CASE("claude reports its costs, the local model has none, others can be given a price") {
  CHECK(problems_of("[backends.claude]\nbudget.day = \"$5\"\n") == Strings{});
  CHECK(problems_of("[budget]\nday = \"$5\"\n" + std::string(kPrices)) == Strings{});
}

TEST_CASE("half a price is none") {
  CHECK(problems_of("[backends.codex]\nbudget.day = \"$5\"\nprice.input = 1\n").size() == 1);
}
