#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/unit/house/sources.hpp"

// A file that needs more has a second subject.
using namespace delegate::test;

TEST_CASE("no file of the product has more than 500 lines") {
  const Sources sources = all_sources();
  REQUIRE(sources.size() > 200);
  for (const auto& [path, text] : sources) {
    INFO(path);
    CHECK(std::count(text.begin(), text.end(), '\n') <= 500);
  }
}
