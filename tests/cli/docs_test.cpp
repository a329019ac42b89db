#include <catch2/catch.hpp>
#include <filesystem>
#include <regex>
#include <set>

#include "core/base/text.hpp"
#include "core/os/file.hpp"
#include "tests/cli/documents.hpp"
#include "tests/cli/surface.hpp"

// What the pages say is there: settings, options, files.
using namespace delegate::test;
namespace fs = std::filesystem;

namespace {

const fs::path kTop = SOURCE_DIRECTORY;

std::vector<std::string> matches_of(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), pattern); at != std::sregex_iterator(); ++at)
    found.push_back(at->size() > 1 ? (*at)[1].str() : at->str());
  return found;
}

std::set<std::string> configuration_keys(Cli& cli) {
  std::set<std::string> keys;
  for (const std::string& line : cli.run("config show").expect(0).out_lines()) {
    const std::size_t begin = line.find(")  ");
    REQUIRE(begin != std::string::npos);
    const std::size_t name = line.find_first_not_of(' ', begin + 1);
    keys.insert(line.substr(name, line.find(" = ") - name));
  }
  REQUIRE(keys.size() > 60);
  return keys;
}

/// `env.keep` is a key of each backend, `backends.claude` the beginning of some.
bool is_known(const std::set<std::string>& keys, const std::string& key) {
  return std::any_of(keys.begin(), keys.end(), [&](const std::string& one) {
    return one == key || one.ends_with("." + key) || one.starts_with(key + ".");
  });
}

/// Options of other programs that the sources hand to them, or that the scripts take.
std::string other_programs() {
  std::string text;
  for (const char* directory : {"backends", "scripts", "tests/helpers"})
    for (const auto& entry : fs::directory_iterator(kTop / directory))
      if (entry.is_regular_file()) text += delegate::read_file(entry.path()).value();
  return text;
}

/// The command that a span begins with: "breaker trip".
std::string command_in(const std::string& span, const std::set<std::string>& commands) {
  const auto words = delegate::split(span, ' ');
  const std::string first = words.size() > 1 ? std::string(words[1]) : std::string();
  const std::string both = words.size() > 2 ? first + " " + std::string(words[2]) : first;
  return commands.count(both) != 0 ? both : first;
}

bool is_there(const std::string& name) {
  const std::size_t star = name.find('*');
  if (star == std::string::npos) return fs::exists(kTop / name);
  const fs::path beginning = kTop / name.substr(0, star);
  for (const auto& entry : fs::directory_iterator(beginning.parent_path()))
    if (entry.path().string().starts_with(beginning.string())) return true;
  return false;
}

}  // namespace

TEST_CASE("every TOML block in the pages is a valid configuration") {
  const auto blocks = blocks_in("toml");
  REQUIRE(blocks.size() >= 2);
  for (const Block& block : blocks) {
    INFO(block.place());
    Cli cli;
    cli.config(delegate::join(block.lines, "\n") + "\n").run("config check").expect(0);
  }
}

TEST_CASE("every option that the pages name exists, at the command that they name it for") {
  Cli cli;
  const auto all = described(cli);
  const std::set<std::string> commands = commands_of(all);
  const std::string others = other_programs();
  std::size_t count = 0;
  for (const Page& page : pages())
    for (const std::string& span : code_spans(page)) {
      const bool is_ours = span.starts_with("delegate ");
      const std::string command = command_in(span, commands);
      INFO(page.name << ": `" << span << "`");
      if (is_ours && std::islower(static_cast<unsigned char>(command[0])) != 0) CHECK(commands.count(command) == 1);
      for (const std::string& option : matches_of(span, std::regex("(?:^|[ (\\[])(--[a-z][a-z-]+)"))) {
        const bool known = std::any_of(all.begin(), all.end(), [&](const Described& one) {
          const bool may_stand = !is_ours || one.command.empty() || one.command == command;
          return may_stand && std::find(one.names.begin(), one.names.end(), option) != one.names.end();
        });
        INFO(option);
        CHECK((known || (!is_ours && others.find(option) != std::string::npos)));
        ++count;
      }
    }
  CHECK(count > 20);
}

TEST_CASE("every setting that the pages name exists") {
  Cli cli;
  const std::set<std::string> keys = configuration_keys(cli);
  const std::regex setting(R"((?:router|breaker|grace|state|history|notify|backends|env|tier)(?:\.[a-z_]+)+)");
  std::size_t count = 0;
  for (const Page& page : pages())
    for (const std::string& span : code_spans(page)) {
      if (!std::regex_match(span.substr(0, span.find(" =")), setting) || span.starts_with("state.db")) continue;
      INFO(page.name << ": `" << span << "`");
      CHECK(is_known(keys, span.substr(0, span.find(" ="))));
      ++count;
    }
  CHECK(count > 10);
}

TEST_CASE("every file and every page that the pages point to is there") {
  const std::regex path("(?:cli|core|backends|tests|scripts|docs)/[A-Za-z0-9_/.*-]+");
  const std::regex link(R"(\]\(([^)#:]+)\))");
  std::size_t paths = 0;
  std::size_t links = 0;
  for (const Page& page : pages()) {
    for (const std::string& span : code_spans(page))
      if (std::regex_match(span, path)) {
        INFO(page.name << ": `" << span << "`");
        CHECK(is_there(span));
        ++paths;
      }
    for (const std::string& target : matches_of(page.prose, link)) {
      INFO(page.name << ": (" << target << ")");
      CHECK(fs::exists((kTop / page.name).parent_path() / target));
      ++links;
    }
  }
  CHECK(paths > 10);
  CHECK(links > 5);
}

TEST_CASE("every exit code in the README is one that --help knows, and none is missing") {
  Cli cli;
  const std::string help = cli.run("--help").expect(0).out;
  const std::string codes = help.substr(help.find("Exit codes:"));
  std::set<std::string> in_readme;
  for (const Page& page : pages())
    if (page.name == "README.md")
      for (const std::string& cell : matches_of(page.prose, std::regex("\n\\| ([0-9, ]+) \\|")))
        for (const std::string& code : matches_of(cell, std::regex("[0-9]+"))) in_readme.insert(code);
  CHECK(in_readme.size() == 11);
  for (const std::string& code : in_readme) {
    INFO(code << " in " << codes);
    CHECK(std::regex_search(codes, std::regex("\\b" + code + "\\b")));
  }
}
