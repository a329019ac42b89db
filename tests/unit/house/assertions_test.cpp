#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/text.hpp"

// A test without an assertion passes whatever the program does. Found by reading the text of all tests: the body of a
// TEST_CASE must hold an assertion or call a function that does. The formatter puts the braces of definitions where
// this expects them.
using namespace delegate;
namespace fs = std::filesystem;
using Names = std::set<std::string>;

namespace {

/// Something at the outermost level of a file, from its first line to the brace that closes it.
struct Definition {
  std::string head;
  std::string body;
};

std::vector<Definition> definitions_in(const std::string& text) {
  std::vector<Definition> found;
  bool is_open = false;
  std::string head;  // may be of more than one line
  for (const std::string_view line : split(text, '\n')) {
    if (is_open && (line == "}" || line == "};")) {
      is_open = false;
    } else if (is_open) {
      found.back().body += std::string(line.substr(0, line.find("//"))) + "\n";
    } else if (line.empty() || line.ends_with(';') || line.find_first_of("#/}") == 0 || line.starts_with("namespace")) {
      head.clear();
    } else {
      head += line;
      is_open = line.ends_with('{');
      if (is_open) found.push_back({std::exchange(head, {}), ""});
    }
  }
  return found;
}

/// Every `name(` of a text.
Names called_in(const std::string& text) {
  static const std::regex call(R"(([A-Za-z_][A-Za-z0-9_]*)(<[A-Za-z_]+>)?\()");
  Names names;
  for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) names.insert((*at)[1]);
  return names;
}

/// What a definition can be called by: a function by its own name, a class by those of its methods.
Names names_of(const Definition& definition) {
  if (definition.head.find('(') != std::string::npos)
    return called_in(definition.head.substr(0, definition.head.find('(') + 1));
  Names methods;
  for (const std::string_view line : split(definition.body, '\n'))
    if (line.starts_with("  ") && !line.starts_with("   ") && line.find('(') != std::string_view::npos)
      methods.merge(called_in(std::string(line.substr(0, line.find('(') + 1))));
  return methods;
}

bool is_assertion(const std::string& name) {
  static const Names exact{"FAIL", "expect"};
  static constexpr std::array kBegins{"CHECK", "REQUIRE", "STATIC_REQUIRE", "stdout_", "stderr_"};
  return exact.count(name) != 0 ||
         std::any_of(kBegins.begin(), kBegins.end(), [&](const char* begin) { return name.starts_with(begin); });
}

bool asserts(const std::string& body, const Names& asserting) {
  const Names called = called_in(body);
  return std::any_of(called.begin(), called.end(),
                     [&](const std::string& name) { return is_assertion(name) || asserting.count(name) != 0; });
}

bool is_test(const Definition& definition) { return definition.head.starts_with("TEST_CASE("); }

/// The functions that hold an assertion, or call one that does.
Names asserting_in(const std::vector<Definition>& definitions) {
  Names asserting;
  for (std::size_t before = 1; before != asserting.size();) {
    before = asserting.size();
    for (const Definition& definition : definitions)
      if (!is_test(definition) && asserts(definition.body, asserting)) asserting.merge(names_of(definition));
    if (asserting.empty()) break;
  }
  return asserting;
}

/// The heads of the tests in `text` without an assertion; `headers` is the text of what it includes of ours.
std::vector<std::string> tests_without_assertion(const std::string& text, const std::string& headers = {}) {
  const std::vector<Definition> here = definitions_in(text);
  std::vector<Definition> all = definitions_in(headers);
  all.insert(all.end(), here.begin(), here.end());
  const Names asserting = asserting_in(all);
  std::vector<std::string> found;
  for (const Definition& definition : here)
    if (is_test(definition) && !asserts(definition.body, asserting)) found.push_back(definition.head);
  return found;
}

std::string contents(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string headers_of(const std::string& text) {
  static const std::regex include(R"re(#include "(tests/[^"]+)")re");
  std::string all;
  for (std::sregex_iterator at(text.begin(), text.end(), include), end; at != end; ++at)
    all += contents(fs::path(SOURCE_DIRECTORY) / (*at)[1].str());
  return all;
}

}  // namespace

TEST_CASE("every test has an assertion") {
  std::size_t tests = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(SOURCE_DIRECTORY) / "tests")) {
    if (!entry.path().filename().string().ends_with("_test.cpp")) continue;
    const std::string text = contents(entry.path());
    INFO(entry.path());
    CHECK(tests_without_assertion(text, headers_of(text)) == std::vector<std::string>{});
    const auto definitions = definitions_in(text);
    const auto in_file = static_cast<std::size_t>(std::count_if(definitions.begin(), definitions.end(), is_test));
    CHECK(in_file > 0);
    tests += in_file;
  }
  CHECK(tests > 1000);
}

TEST_CASE("a test without an assertion is found") {
  const std::string bare = "TEST_CASE(\"it works\") {\n  run();\n  // CHECK(that it did)\n}\n";
  const std::vector<std::string> found{"TEST_CASE(\"it works\") {"};
  CHECK(tests_without_assertion(bare) == found);
  CHECK(tests_without_assertion("void run() {\n  work();\n}\n\n" + bare) == found);
  CHECK(tests_without_assertion(bare, "void other() {\n  CHECK(1 == 1);\n}\n") == found);
}

TEST_CASE("an assertion in the test or in a function that it calls is seen") {
  using None = std::vector<std::string>;
  const std::string bare = "TEST_CASE(\"it works\") {\n  run(1);\n}\n";
  const std::string run = "void run(\n    int) {\n  check_all();\n}\n\n";
  CHECK(tests_without_assertion("TEST_CASE(\"a\") {\n  CHECK_FALSE(run());\n}\n") == None{});
  CHECK(tests_without_assertion("TEST_CASE(\"a\") {\n  cli.run(\"x\").expect(0);\n}\n") == None{});
  CHECK(tests_without_assertion("void run(int) {\n  REQUIRE(work());\n}\n\n" + bare) == None{});
  CHECK(tests_without_assertion(run + bare, "inline void check_all() {\n  CHECK(all());\n}\n") == None{});
  CHECK(tests_without_assertion("struct Player {\n  void run(int) { CHECK(all()); }\n};\n\n" + bare) == None{});
}
