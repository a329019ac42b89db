#include <catch2/catch.hpp>

#include "core/config/load.hpp"
#include "tests/cli/surface.hpp"

// delegate(1), as `delegate manual` prints it.
using namespace delegate::test;

namespace {

std::string manual(Cli& cli) { return cli.run("manual").expect(0).stderr_is("").out; }

/// Without what only the typesetter needs.
std::string plain(std::string text) {
  for (const char* escape : {"\\fB", "\\fI", "\\fP", "\\&"})
    for (std::size_t at; (at = text.find(escape)) != std::string::npos;) text.erase(at, 3 - (escape[1] == '&' ? 1 : 0));
  for (std::size_t at; (at = text.find("\\-")) != std::string::npos;) text.erase(at, 1);
  return text;
}

/// From a heading to the next one.
std::string part(const std::string& page, const std::string& heading) {
  const std::size_t begin = page.find("\n" + heading);
  INFO(heading);
  REQUIRE(begin != std::string::npos);
  return page.substr(begin, page.find("\n.S", begin + 1) - begin);
}

}  // namespace

TEST_CASE("the man page has nothing that a typesetter complains about") {
  Cli cli;
  const std::string page = manual(cli);
  const std::string path = cli.file("delegate.1");
  cli.write(path, page);
  run_program(cli, {"/usr/bin/mandoc", "-T", "lint", path}).expect(0).stdout_is("").stderr_is("");
  run_program(cli, {"/usr/bin/groff", "-man", "-ww", "-T", "utf8", "-z", path}).expect(0).stderr_is("");
  run_program(cli, {"/usr/bin/man", "--warnings", "-l", path}).expect(0).stderr_is("").stdout_has("EXIT STATUS");
}

TEST_CASE("the man page shows what was written, dashes and quotes as they are typed") {
  Cli cli;
  cli.write(cli.file("delegate.1"), manual(cli));
  const Finished shown =
      run_program(cli, {"/usr/bin/mandoc", "-T", "ascii", "-O", "width=200", cli.file("delegate.1")});
  shown.expect(0).stdout_has("git diff | delegate ask \"review this\"").stdout_has("delegate - route a prompt");
  // A dash that is not marked as one can become a hyphen, which no shell understands.
  CHECK(cli.read(cli.file("delegate.1")).find("\\fB\\-\\-no\\-stdin\\fP") != std::string::npos);
  const Finished typeset =
      run_program(cli, {"/bin/sh", "-c", "groff -man -T utf8 -P -cbou " + cli.file("delegate.1")}).expect(0);
  typeset.stdout_has("delegate breaker trip gemini --for 2h").stdout_has("delegate ask < prompt.txt");
  typeset.stdout_has("source <(delegate completion bash)").stdout_has("below ~/.config");
}

TEST_CASE("every option of every command is in the man page") {
  Cli cli;
  const std::string page = plain(manual(cli));
  for (const Described& one : described(cli)) {
    const std::string text =
        one.command.empty() ? part(page, ".SH GLOBAL OPTIONS") : part(page, ".SS delegate " + one.command);
    std::string tag;
    for (const std::string& name : one.names) tag += (tag.empty() ? "" : ", ") + name;
    if (!one.value.empty()) tag += (tag.empty() || one.value[0] == '[' ? "" : " ") + one.value;
    INFO(one.command << ": " << tag << " in {" << text << "}");
    CHECK(text.find(".TP\n" + tag) != std::string::npos);
    for (const std::string& choice : one.choices)
      if (one.command != "help") CHECK(text.find(choice) != std::string::npos);
  }
  for (const std::string& command : commands_of(described(cli))) part(page, ".SS delegate " + command);
}

TEST_CASE("every key of the configuration is in the man page, and how it is found in the environment") {
  Cli cli;
  const std::string page = plain(manual(cli));
  const std::string keys = part(page, ".SH CONFIGURATION");
  for (const delegate::KeyInfo& key : delegate::known_keys()) {
    INFO(key.name);
    CHECK(keys.find(".TP\n" + key.name + " (" + key.type + ")\n") != std::string::npos);
  }
  const std::string environment = part(page, ".SH ENVIRONMENT");
  for (const char* variable :
       {"DELEGATE_CONFIG", "DELEGATE_ROUTER_TIMEOUT", "DELEGATE_BACKENDS_GEMINI_MODEL", "DELEGATE_DEPTH",
        "DELEGATE_RUN_ID", "OLLAMA_HOST", "NO_COLOR", "XDG_STATE_HOME", "HOME"}) {
    INFO(variable);
    CHECK(environment.find(variable) != std::string::npos);
  }
}

TEST_CASE("every exit code is in the man page and in the help") {
  Cli cli;
  const std::string codes = part(plain(manual(cli)), ".SH EXIT STATUS");
  const std::string help = cli.run("--help").out;
  for (const char* code : {"0", "1", "2", "3", "4", "5", "6", "70", "124", "130/143"}) {
    INFO(code);
    CHECK(codes.find(std::string(".TP\n") + code + "\n") != std::string::npos);
    CHECK(help.find(std::string(" ") + code + " ") != std::string::npos);
  }
}

TEST_CASE("the man page needs no configuration and no home") {
  Cli cli;
  cli.config("this is no TOML").unset("HOME").unset("PATH");
  CHECK(manual(cli).starts_with(".TH DELEGATE 1 "));
}
