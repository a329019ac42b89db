#include "tests/cli/finished.hpp"

#include <catch2/catch.hpp>

#include "core/base/text.hpp"

namespace delegate::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

std::string shown(const Finished& finished) {
  return "$ " + finished.command + "\nexit code: " + std::to_string(finished.exit_code) + "\nstdout: {" +
         finished.out.substr(0, 4000) + "}\nstderr: {" + finished.err.substr(0, 4000) + "}";
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

}  // namespace

const Finished& Finished::expect(int code) const {
  INFO(shown(*this));
  CHECK(exit_code == code);
  return *this;
}

const Finished& Finished::stdout_is(std::string_view text) const {
  INFO(shown(*this));
  CHECK(out == text);
  return *this;
}

const Finished& Finished::stdout_has(std::string_view text) const {
  INFO(shown(*this));
  CHECK_THAT(out, Contains(std::string(text)));
  return *this;
}

const Finished& Finished::stdout_lacks(std::string_view text) const {
  INFO(shown(*this));
  CHECK_THAT(out, !Contains(std::string(text)));
  return *this;
}

const Finished& Finished::stderr_is(std::string_view text) const {
  INFO(shown(*this));
  CHECK(err == text);
  return *this;
}

const Finished& Finished::stderr_has(std::string_view text) const {
  INFO(shown(*this));
  CHECK_THAT(err, Contains(std::string(text)));
  return *this;
}

const Finished& Finished::stderr_lacks(std::string_view text) const {
  INFO(shown(*this));
  CHECK_THAT(err, !Contains(std::string(text)));
  return *this;
}

const Finished& Finished::stderr_begins(std::string_view text) const {
  INFO(shown(*this));
  CHECK_THAT(err, StartsWith(std::string(text)));
  return *this;
}

const Finished& Finished::stderr_lines(std::size_t count) const {
  INFO(shown(*this));
  CHECK(err_lines().size() == count);
  return *this;
}

Json Finished::json() const {
  INFO(shown(*this));
  REQUIRE(out_lines().size() == 1);
  Json json = Json::parse(out, nullptr, false);
  REQUIRE(json.is_object());
  return json;
}

std::vector<std::string> Finished::out_lines() const { return lines_of(out); }
std::vector<std::string> Finished::err_lines() const { return lines_of(err); }

}  // namespace delegate::test
