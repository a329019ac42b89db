#include "tests/cli/surface.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "core/base/text.hpp"

namespace delegate::test {
namespace {

std::vector<std::string> words_of(std::string_view text, char separator) {
  std::vector<std::string> words;
  for (const std::string_view word : split(text, separator))
    if (!trim(word).empty()) words.emplace_back(trim(word));
  return words;
}

}  // namespace

std::vector<Described> described(Cli& cli) {
  std::vector<Described> all;
  for (const std::string& line : cli.run("complete options").expect(0).out_lines()) {
    const auto cells = split(line, '\t');
    INFO(line);
    REQUIRE(cells.size() == 5);
    all.push_back({std::string(cells[0]), words_of(cells[1], ','), std::string(cells[2]), std::string(cells[3]),
                   words_of(cells[4], ' ')});
  }
  REQUIRE(all.size() > 40);
  return all;
}

std::set<std::string> commands_of(const std::vector<Described>& all) {
  std::set<std::string> commands;
  for (const Described& one : all) {
    if (one.command.empty()) continue;
    commands.insert(one.command);
    commands.insert(one.command.substr(0, one.command.find(' ')));
  }
  return commands;
}

Finished run_program(const Cli& cli, const std::vector<std::string>& argv, std::string input) {
  std::error_code is_there;
  std::filesystem::create_symlink(program(), cli.file("bin/delegate"), is_there);
  std::vector<std::string> environment{"HOME=" + cli.home(), "PATH=" + cli.file("bin") + ":/usr/bin:/bin", "TERM=dumb",
                                       "LANG=C.UTF-8", "XDG_SANDBOX=" + cli.file("")};
  for (const char* kept : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "GCOV_PREFIX"})
    if (const char* value = std::getenv(kept)) environment.push_back(std::string(kept) + "=" + value);
  return Running(argv, environment, cli.home("project"), {.in = Streams::In::given, .input = std::move(input)})
      .finish();
}

}  // namespace delegate::test
