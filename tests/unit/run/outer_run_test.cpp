#include "core/run/outer_run.hpp"

#include <catch2/catch.hpp>

#include "core/os/process.hpp"

using namespace delegate;

namespace {

using Environment = std::map<std::string, std::string>;

/// After it was completed.
Environment completed(Environment environment, const std::vector<SupervisorAbove>& above) {
  complete_outer_run(environment, above);
  return environment;
}

std::string depth_below(const std::vector<SupervisorAbove>& above) { return completed({}, above)["DELEGATE_DEPTH"]; }

}  // namespace

TEST_CASE("outside of a run nothing is added to the environment") {
  CHECK(completed({{"HOME", "/home/you"}}, {}) == Environment{{"HOME", "/home/you"}});
}

TEST_CASE("each supervisor above is one level of depth") {
  CHECK(depth_below({{}}) == "1");
  CHECK(depth_below({{}, {}}) == "2");
}

TEST_CASE("a run that was submitted inside another one hands its depth on") {
  CHECK(depth_below({{.environment = {{"DELEGATE_DEPTH", "1"}}, .mark = {}}}) == "2");
  CHECK(depth_below({{}, {.environment = {{"DELEGATE_DEPTH", "4"}}, .mark = {}}}) == "6");
}

TEST_CASE("a supervisor's environment without a number counts as no depth") {
  CHECK(depth_below({{.environment = {{"DELEGATE_DEPTH", "deep"}}, .mark = {}}}) == "1");
}

TEST_CASE("the greater depth is right") {
  CHECK(completed({{"DELEGATE_DEPTH", "3"}}, {{}})["DELEGATE_DEPTH"] == "3");
  CHECK(completed({{"DELEGATE_DEPTH", "0"}}, {{}})["DELEGATE_DEPTH"] == "1");
}

TEST_CASE("a depth that is not a number stays, and is refused later") {
  CHECK(completed({{"DELEGATE_DEPTH", "deep"}}, {{}})["DELEGATE_DEPTH"] == "deep");
}

TEST_CASE("the mark of the nearest call is restored, but never replaced") {
  const std::vector<SupervisorAbove> above{{.environment = {}, .mark = "outer/inner.1"},
                                           {.environment = {}, .mark = "outer"}};
  CHECK(completed({}, above)["DELEGATE_RUN_ID"] == "outer/inner.1");
  CHECK(completed({{"DELEGATE_RUN_ID", "own"}}, above)["DELEGATE_RUN_ID"] == "own");
  CHECK(completed({}, {{}}).count("DELEGATE_RUN_ID") == 0);
}

TEST_CASE("a supervisor is recognised by its name, and other programs are not") {
  CHECK(is_supervisor_name(supervisor_name("1m8n7yvw2zd2akj3.1")));
  CHECK(is_supervisor_name(supervisor_name("1m8n7yvw2zd2akj3.1/1m8n7yvw2zd2akj4.12")));
  for (const char* name :
       {"run-supervisor", "run-parts", "run-job", "run-tests.1", "run-my-backup.1", "run-Abcdefghi.1",
        "run-abcdefghijk", "run-abcdefghij.", "run-.1234567890", "xun-abcdefghi.1", "run-", ""})
    CHECK_FALSE(is_supervisor_name(name));
}
