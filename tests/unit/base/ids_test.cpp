#include "core/base/ids.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace delegate;
using std::chrono::milliseconds;

TEST_CASE("the id of a run is safe in file names, URLs and argv") {
  const std::string id = make_run_id(milliseconds(1'795'237'212'000), 0x123456789abcdef0);
  CHECK(id.size() == 16);
  CHECK(id.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz") == std::string::npos);
}

TEST_CASE("a few characters name one of a thousand runs that were made one after the other") {
  std::set<std::string> beginnings;
  for (int i = 0; i < 1000; ++i)
    beginnings.insert(make_run_id(milliseconds(1'795'237'212'000 + i), std::uint64_t(i) << 20U).substr(0, 7));
  CHECK(beginnings.size() == 1000);
}

TEST_CASE("ids of the same millisecond differ by chance, those of the same chance by time") {
  CHECK(make_run_id(milliseconds(1'795'237'212'000), 1) != make_run_id(milliseconds(1'795'237'212'000), 2));
  CHECK(make_run_id(milliseconds(1'795'237'212'000), 1) != make_run_id(milliseconds(1'795'237'212'001), 1));
}
