#include <catch2/catch.hpp>

#include <map>
#include <regex>
#include <string>
#include <vector>

#include "tests/cli/cli.hpp"

// Answers in Markdown on a terminal; tests/unit/markdown shows each layout.
using namespace delegate::test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

const Streams kScreen{.in = Streams::In::terminal, .out_is_terminal = true, .columns = 40};

void says_markdown(Cli& cli) { cli.backend("codex", {"--say", "# Title", "--say", "", "--say", "A **bold** word"}); }

}  // namespace

TEST_CASE("Markdown is laid out on a terminal, and a pipe gets the answer as it is") {
  Cli cli;
  says_markdown(cli);
  cli.run("ask hello").expect(0).stdout_is("# Title\n\nA **bold** word\n");
  cli.run("ask --markdown always hello").expect(0).stdout_is("# Title\n\nA bold word\n");
  cli.streams(kScreen);
  CHECK_THAT(cli.run("ask -q hello").expect(0).err,
             EndsWith("\033[0;1mTitle\033[0m\r\n\r\nA \033[0;1mbold\033[0m word\r\n"));
  for (const char* command : {"last", "result"})
    CHECK_THAT(cli.run(command).expect(0).err, Contains("A \033[0;1mbold\033[0m word\r\n"));
  CHECK_THAT(cli.run("--color never last").expect(0).err, Contains("# Title\r\n\r\nA bold word\r\n"));
  CHECK_THAT(cli.run("last --markdown never").expect(0).err, Contains("A **bold** word\r\n"));
  cli.set("DELEGATE_OUTPUT_MARKDOWN", "never");
  CHECK_THAT(cli.run("last").expect(0).err, Contains("A **bold** word\r\n"));
}

TEST_CASE("each block of an answer is laid out as soon as it is complete") {
  Cli cli;
  cli.backend("codex", {"--say", "A **bold** word", "--say", "", "--say", "- one", "--wait-file", cli.file("go")});
  cli.streams(kScreen);
  Running asked = cli.start("ask -q hello");
  REQUIRE(asked.comes_to_say("bold\033[0m word\r\n"));
  cli.write(cli.file("go"), "");
  CHECK_THAT(asked.finish().expect(0).err, EndsWith("• one\r\n"));
}

TEST_CASE("an answer that is longer than the terminal goes through the pager, one that is not does not") {
  Cli cli;
  cli.config("[output]\npager = \"sed 's/^/paged: /'\"\n");
  std::vector<std::string> lines;
  for (int i = 0; i < 50; ++i) lines.insert(lines.end(), {"--say", "line " + std::to_string(i)});
  cli.backend("codex", lines).run("ask hello").expect(0).stdout_lacks("paged");
  cli.streams(kScreen).set("PATH", cli.file("bin") + ":/usr/bin:/bin");
  const Finished paged = cli.run("last").expect(0);
  CHECK_THAT(paged.err, Contains("paged: line 0\r\n") && EndsWith("paged: line 49\r\n"));
  cli.set("DELEGATE_OUTPUT_PAGER", "");
  CHECK_THAT(cli.run("last").expect(0).err, !Contains("paged"));
}

TEST_CASE("a pager that fails does not hide the answer") {
  Cli cli;
  std::vector<std::string> lines;
  for (int i = 0; i < 50; ++i) lines.insert(lines.end(), {"--say", "line " + std::to_string(i)});
  cli.backend("codex", lines).run("ask hello").expect(0);
  cli.streams(kScreen);
  for (const auto& [pager, status] :
       std::map<std::string, std::string>{{"no-such-pager", "127"}, {"/", "126"}, {"'", "2"}}) {
    INFO(pager);
    cli.set("DELEGATE_OUTPUT_PAGER", pager);
    CHECK_THAT(cli.run("last").expect(0).err, Contains("failed with status " + status) && EndsWith("line 49\r\n"));
  }
}

TEST_CASE("colours take no room on the screen, and a pager does not ignore SIGPIPE") {
  Cli cli;
  std::vector<std::string> lines;
  for (int i = 0; i < 20; ++i) lines.insert(lines.end(), {"--say", "**a** **b** **c** **d** **e** **f**"});
  cli.backend("codex", lines).run("ask hello").expect(0);
  cli.streams(kScreen).set("DELEGATE_OUTPUT_PAGER", "echo paged");
  CHECK_THAT(cli.run("last").expect(0).err, !Contains("paged"));
  cli.backend("codex", {"--flood", "100000"}).run("ask hello").expect(0);
  cli.set("PATH", cli.file("bin") + ":/usr/bin:/bin");
  cli.set("DELEGATE_OUTPUT_PAGER", "grep SigIgn /proc/self/status");
  const std::string ignored = cli.run("last").expect(0).err;
  CHECK(std::regex_search(ignored, std::regex("SigIgn:\t[0-9a-f]{12}[02468ace][0-9a-f]{3}")));  // not SIGPIPE
}
