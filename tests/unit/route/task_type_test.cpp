#include "core/route/task_type.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace delegate;

namespace {

std::string inferred(std::string_view prompt) { return std::string(to_string(infer_task_type(prompt).type)); }
std::string deciding(std::string_view prompt) { return std::string(infer_task_type(prompt).word); }

}  // namespace

TEST_CASE("the type of a task follows from the words of the prompt") {
  struct Row {
    const char* prompt;
    const char* type;
  };
  const Row rows[] = {{"why this Traceback?", "diagnose"},
                      {"it throws an exception", "diagnose"},
                      {"here is a stack trace", "diagnose"},
                      {"what does exit code 137 mean", "diagnose"},
                      {"the build FAILED", "diagnose"},
                      {"Review my patch", "review"},
                      {"is this a regression", "review"},
                      {"any bug risk here?", "review"},
                      {"audit the parser", "review"},
                      {"write a test", "test"},
                      {"more tests, please", "test"},
                      {"use pytest", "test"},
                      {"an integration test", "test"},
                      {"add a docstring", "docstring"},
                      {"document this", "docstring"},
                      {"write documentation", "docstring"},
                      {"Summarize the thread", "summarize"},
                      {"a summary of it", "summarize"},
                      {"tl;dr", "summarize"},
                      {"improve it", "improve"},
                      {"refactor the loop", "improve"},
                      {"clean up this file", "improve"},
                      {"optimize for size", "improve"},
                      {"what is a monad", "explain"},
                      {"", "explain"}};
  for (const Row& row : rows) {
    INFO(row.prompt);
    CHECK(inferred(row.prompt) == row.type);
  }
}

TEST_CASE("only whole words count") {
  for (const char* prompt : {"use the latest version", "a contest", "my attestation", "protest", "testify", "previewed",
                             "terrors", "improvement", "documents", "auditor", "exit  code"}) {
    INFO(prompt);
    CHECK(inferred(prompt) == "explain");
    CHECK(deciding(prompt).empty());
  }
}

TEST_CASE("punctuation, quotes and lines bound a word") {
  for (const char* prompt : {"test", "(test)", "test.", "a\ntest\n", "\"test\"", "run-test", "test_name", "TEST!"}) {
    INFO(prompt);
    CHECK(inferred(prompt) == "test");
  }
}

TEST_CASE("the more urgent type wins, wherever its word is") {
  CHECK(inferred("review why the test failed") == "diagnose");
  CHECK(inferred("write a test, then review it") == "review");
  CHECK(inferred("document the tests") == "test");
  CHECK(inferred("improve the summary in the docstring") == "docstring");
  CHECK(inferred("improve the summary") == "summarize");
}

TEST_CASE("the word that decided is reported") {
  CHECK(deciding("Please REVIEW this") == "review");
  CHECK(deciding("what is a monad").empty());
}

TEST_CASE("of a long prompt only the beginning counts") {
  CHECK(inferred("explain this log:\n" + std::string(10'000, 'x') + "\nerror: it failed") == "explain");
  CHECK(inferred("review this log:\n" + std::string(10'000, 'x') + "\nerror: it failed") == "review");
}

TEST_CASE("a word cut off at the end of the inspected part is not mistaken for a shorter one") {
  const std::string before(4091, ' ');
  CHECK(inferred(before + " testify to it") == "explain");
  CHECK(inferred(before + " test it") == "test");
}

TEST_CASE("types have names, both ways") {
  for (const char* name : {"summarize", "explain", "docstring", "review", "ask", "test", "diagnose", "improve"}) {
    REQUIRE(task_type_named(name).has_value());
    CHECK(to_string(*task_type_named(name)) == name);
  }
  CHECK_FALSE(task_type_named("Test").has_value());
  CHECK_FALSE(task_type_named("").has_value());
}
