#include "core/base/result.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <memory>

using namespace delegate;

namespace {

Result<int> number(bool works) {
  if (works) return 7;
  return fail(Code::not_found, "no number", "look elsewhere");
}
Status check(bool works) {
  if (works) return {};
  return fail(Code::unavailable, "no luck");
}
Result<std::unique_ptr<int>> twice(bool works, bool lucky) {
  TRY(const int value, number(works));
  TRY_STATUS(check(lucky));
  return std::make_unique<int>(2 * value);
}

}  // namespace

TEST_CASE("TRY continues with the value or returns the error unchanged") {
  const auto good = twice(true, true);
  REQUIRE(good.has_value());
  CHECK(**good == 14);
  const auto absent = twice(false, true);
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().code == Code::not_found);
  CHECK(absent.error().what == "no number");
  CHECK(absent.error().hint == "look elsewhere");
  CHECK(twice(true, false).error().what == "no luck");
}

TEST_CASE("an errno value has a text") { CHECK(errno_text(ENOENT) == "no such file or directory"); }
