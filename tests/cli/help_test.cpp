#include <catch2/catch.hpp>

#include "core/base/text.hpp"
#include "tests/cli/surface.hpp"

// The pages of --help.
using namespace delegate::test;

namespace {

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// Characters, not bytes.
std::size_t width_of(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string trimmed(const std::string& line) { return std::string(delegate::trim(line)); }

bool has_line(const Finished& page, const std::string& beginning) {
  const auto lines = page.out_lines();
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return (trimmed(line) + "  ").starts_with(beginning + "  "); });
}

}  // namespace

TEST_CASE("every option has its line in the help of its command") {
  Cli cli;
  for (const Described& one : described(cli)) {
    if (one.command.empty()) continue;
    const Finished page = cli.run(one.command + " --help").expect(0);
    std::string names;
    for (const std::string& name : one.names) names += (names.empty() ? "" : ", ") + name;
    INFO(one.command << ": " << names << " " << one.value);
    if (!one.names.empty())
      CHECK(has_line(page, names + (one.value.empty() || one.value[0] == '[' ? "" : " ") + one.value));
    else page.stdout_has(one.value);
  }
}

TEST_CASE("every command has its line in the list above it") {
  Cli cli;
  for (const std::string& command : commands_of(described(cli))) {
    const std::size_t space = command.find(' ');
    const Finished page =
        space == std::string::npos ? cli.run("--help") : cli.run(command.substr(0, space) + " --help");
    const std::string name = command.substr(space + 1);
    INFO(command);
    const auto lines = page.expect(0).out_lines();
    CHECK(std::any_of(lines.begin(), lines.end(),
                      [&](const std::string& line) { return line.starts_with("  " + name + " "); }));
  }
}

TEST_CASE("a page of help fits a screen") {
  Cli cli;
  auto commands = commands_of(described(cli));
  commands.insert("");
  for (const std::string& command : commands) {
    const Finished page = cli.run(command + " --help").expect(0).stderr_is("");
    INFO(page.out);
    CHECK(page.out_lines().size() <= (command.empty() || command == "ask" || command == "submit" ? 45 : 24));
    for (const std::string& line : page.out_lines()) CHECK(width_of(line) <= 80);
    for (const char* global : {"--config", "--color", "--help", "--version"}) CHECK(count_of(page.out, global) == 1);
  }
}

TEST_CASE("all three ways to ask for help print the same") {
  Cli cli;
  CHECK(cli.run("help").expect(0).out == cli.run("--help").expect(0).out);
  for (const char* command : {"ask", "breaker", "breaker trip", "config show", "help"}) {
    const std::string page = cli.run(std::string("help ") + command).expect(0).stderr_is("").out;
    CHECK(page == cli.run(std::string(command) + " --help").expect(0).out);
    CHECK(page == cli.run(std::string("-h ") + command).expect(0).out);
    CHECK(page.starts_with(std::string("Usage: delegate ") + command));
  }
  cli.run("help brekaer").expect(2).stdout_is("").stderr_has("did you mean `breaker`?");
  cli.run("help breaker trop").expect(2).stdout_is("").stderr_has("did you mean `trip`?");
  cli.run("help ask more").expect(2).stdout_is("").stderr_has("unknown command 'more'");
}

TEST_CASE("delegate without arguments lists the commands, as an error") {
  Cli cli;
  const std::vector<std::string> nothing;
  const Finished bare = cli.run(nothing).expect(2).stdout_is("");
  CHECK(bare.err == cli.run("--help").out);
}

TEST_CASE("internal commands are in no list") {
  Cli cli;
  for (const char* hidden : {"complete", "manual", "stand-in", "shorten-log"}) {
    INFO(hidden);
    for (const std::string& line : cli.run("--help").out_lines())
      CHECK_FALSE(trimmed(line).starts_with(std::string(hidden) + " "));
    cli.run(std::string("help ") + hidden).expect(2).stdout_is("").stderr_has("unknown command");
  }
  cli.run("--help").stdout_lacks("stand-in ").stdout_lacks("manual");
}
