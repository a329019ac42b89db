#include "core/base/ids.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace delegate;
using std::chrono::milliseconds;

TEST_CASE("the id of a run is safe in file names, URLs and argv") {
  const std::string id = make_run_id(milliseconds(1'795'237'212'000));
  CHECK(id.size() == 16);
  CHECK(id.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz") == std::string::npos);
}

TEST_CASE("ids sort by time") {
  std::string earlier;
  for (const std::int64_t time :
       {0L, 1L, 31L, 32L, 1'000L, 1'795'237'212'000L, 1'795'237'212'001L, 30'000'000'000'000L}) {
    const std::string id = make_run_id(milliseconds(time));
    CHECK(earlier.substr(0, 9) < id.substr(0, 9));
    CHECK(earlier < id);
    earlier = id;
  }
}

TEST_CASE("ids of the same millisecond differ") {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(make_run_id(milliseconds(1'795'237'212'000)));
  CHECK(ids.size() == 1000);
}
