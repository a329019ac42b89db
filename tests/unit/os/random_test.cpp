#include "core/os/random.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace delegate;

TEST_CASE("random bits differ each time") {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_bits());
  CHECK(seen.size() == 1000);
}
