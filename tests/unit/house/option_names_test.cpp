#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>
#include <vector>

// g++ gives `into<&ResetOptions::all>` the same weak symbol in every file, even for two types of that name in anonymous
// namespaces, and the linker keeps one of the two. So the options of two commands must not have the same name.
namespace {

using Files = std::map<std::string, std::string>;

std::vector<std::string> names_used_twice(const Files& files) {
  static const std::regex definition(R"((?:^|\n)struct (\w+)[^;\n]*\{)");
  std::map<std::string, int> uses;
  for (const auto& [path, text] : files)
    for (auto found = std::sregex_iterator(text.begin(), text.end(), definition); found != std::sregex_iterator();
         ++found)
      ++uses[(*found)[1].str()];
  std::vector<std::string> names;
  for (const auto& [name, count] : uses)
    if (count > 1) names.push_back(name);
  return names;
}

Files commands() {
  Files files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(SOURCE_DIRECTORY) / "cli/commands")) {
    std::ifstream file(entry.path());
    files[entry.path().string()] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return files;
}

}  // namespace

TEST_CASE("no two commands have options of the same name") {
  const Files files = commands();
  REQUIRE(files.size() > 20);
  CHECK(names_used_twice(files) == std::vector<std::string>{});
}

TEST_CASE("options of the same name in two commands are found") {
  const Files files{{"guard.cpp", "namespace {\nstruct ResetOptions {\n  bool all;\n};\n"},
                    {"breaker.cpp", "namespace {\n\nstruct ResetOptions {\n};\nstruct TripOptions {\n};\n"}};
  CHECK(names_used_twice(files) == std::vector<std::string>{"ResetOptions"});
}
