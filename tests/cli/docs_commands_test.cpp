#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <regex>

#include "core/base/text.hpp"
#include "tests/cli/claude_windows.hpp"
#include "tests/cli/documents.hpp"

// The command blocks of the pages: what they show is what happens. Times, paths and ports are not compared.
using namespace delegate::test;

namespace {

void install_script(const Cli& cli, const std::string& name, const std::string& script) {
  const std::string path = cli.file("bin/" + name);
  cli.write(path, "#!/bin/sh\n" + script);
  REQUIRE(::chmod(path.c_str(), 0700) == 0);
}

/// A codex in the real one's words, that knows what the pages ask it.
void install_codex(const Cli& cli) {
  install_script(cli, "codex", R"(case "$1" in --version) echo "codex-cli 0.99.0"; exit ;; esac
prompt=
while read -r line || [ -n "$line" ]; do prompt="$prompt$line"; done
case "$prompt" in
  *"errno 11"*) answer="Errno 11 is EAGAIN: the call would block, or a resource is temporarily unavailable." ;;
  *"errno 32"*) answer="Errno 32 is EPIPE: you wrote to a pipe or socket whose reading end is closed." ;;
  *) answer="Hello." ;;
esac
echo '{"type":"thread.started","thread_id":"s-1"}'
echo '{"type":"item.completed","item":{"type":"agent_message","text":"'"$answer"'"}}'
echo '{"type":"turn.completed","usage":{"input_tokens":812,"output_tokens":31}}'
)");
}

void sign_claude_out(const Cli& cli) {
  const std::string recorded = SOURCE_DIRECTORY "/tests/fixtures/claude/no_login.stdout";
  install_script(cli, "claude", "exec " FAKE_CLI " --read-stdin --play " + recorded + " --exit 1 --\n");
}

void fail_half_way(const Cli& cli) {
  const std::string edit = R"({"type":"tool_use","id":"t1","name":"Edit","input":{"file_path":"src/a.cpp"}})";
  cli.write(cli.file("events"),
            R"({"type":"assistant","message":{"content":[)" + edit + "]}}\n" +
                R"({"type":"result","is_error":true,"api_error_status":529,"result":"Overloaded"})");
  install_script(cli, "claude", "exec " FAKE_CLI " --read-stdin --play " + cli.file("events") + " --exit 1 --\n");
}

void install_claude_with_windows(const Cli& cli) {
  cli.write(cli.file("events"), claude_output({.five_hour = 0.91, .seven_day = 0.42}));
  install_script(cli, "claude", "exec " FAKE_CLI " --read-stdin --play " + cli.file("events") + " --\n");
}

void break_gemini(Cli& cli) {
  install_codex(cli);
  install_script(cli, "gemini", "exec " FAKE_CLI " --read-stdin --err 'gemini is broken' --exit 3 --\n");
  for (int i = 0; i < 3; ++i) cli.run("ask -b gemini hello").expect(1);
}

void make_project(const Cli& cli) {
  install_codex(cli);
  cli.write(cli.config_file(), "[backends.codex]\nmodel = \"gpt-large\"\n");
  cli.write(cli.home("project/delegate.toml"),
            "[router]\ntimeout = \"5m\"\n\n[backends.claude]\ncommand = [\"claude-beta\", \"--fast\"]\n");
}

void build_world(Cli& cli, const std::string& name) {
  static const std::map<std::string, std::function<void(Cli&)>> worlds{
      {"nothing is installed", [](Cli&) {}},
      {"codex is well", install_codex},
      {"claude is signed out",
       [](Cli& one) {
         sign_claude_out(one);
         install_codex(one);
       }},
      {"claude fails half-way",
       [](Cli& one) {
         fail_half_way(one);
         install_codex(one);
       }},
      {"claude reports its windows", install_claude_with_windows},
      {"gemini keeps failing", break_gemini},
      {"a project with a file", make_project},
  };
  const auto world = worlds.find(name);
  INFO("no such world: '" << name << "'");
  REQUIRE(world != worlds.end());
  world->second(cli.set("OLLAMA_HOST", "127.0.0.1:1"));
}

/// A line of shell in the sandbox of `cli`, where nothing but what the test put there can be started.
Running shell(const Cli& cli, const std::string& line) {
  std::error_code is_there;
  std::filesystem::create_symlink(program(), cli.file("bin/delegate"), is_there);
  std::vector<std::string> environment{"HOME=" + cli.home(),
                                       "PATH=" + cli.file("bin"),
                                       "XDG_CONFIG_HOME=" + cli.home(".config"),
                                       "XDG_STATE_HOME=" + cli.home(".local/state"),
                                       "XDG_RUNTIME_DIR=" + cli.file("run"),
                                       "OLLAMA_HOST=127.0.0.1:1",
                                       "LANG=C.UTF-8",
                                       "XDG_SANDBOX=" + cli.file("")};
  for (const char* kept : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "GCOV_PREFIX"})
    if (const char* value = std::getenv(kept)) environment.push_back(std::string(kept) + "=" + value);
  return Running({"/bin/bash", "-c", line}, environment, cli.home("project"), {});
}

std::string masked(const Cli& cli, std::string text) {
  for (const auto& [place, shown] : {std::pair(cli.home(), "/home/you"), std::pair(cli.file("bin"), "/usr/bin")})
    for (std::size_t at; (at = text.find(place)) != std::string::npos;) text.replace(at, place.size(), shown);
  static const std::vector<std::pair<std::regex, std::string>> kMasks{
      {std::regex(R"(\d{4}-\d\d-\d\dT[\d:.]+Z)"), "TIME"},
      {std::regex(R"(\d+(\.\d+)? (ms|s|m|h|d)\b( \d+ (s|m|h)\b)?)"), "DURATION"},
      {std::regex(R"(((Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?\b\d\d:\d\d\b)"), "MOMENT"},
      {std::regex(R"(127\.0\.0\.1:\d+)"), "ADDRESS"},
      {std::regex(R"(\b\d[0-9a-hjkmnp-tv-z]{15}\b)"), "RUN"},
      {std::regex(" +(?=\n|$)"), ""},
      {std::regex("  +"), "  "},
  };
  for (const auto& [mask, word] : kMasks) text = std::regex_replace(text, mask, word);
  return text;
}

/// One command of a block, and the output below it.
struct Shown {
  std::string command;
  std::string output;
  bool goes_on = false;  // "…": more follows that is not shown
};

std::vector<Shown> shown_in(const Block& block) {
  std::vector<Shown> all;
  for (const std::string& line : block.lines) {
    INFO(block.place());
    if (line.starts_with("$ ")) {
      all.push_back({line.substr(2), {}});
      continue;
    }
    REQUIRE_FALSE(all.empty());
    if (line == "…") all.back().goes_on = true;
    else all.back().output += line + "\n";
  }
  return all;
}

/// Replaces `scripts/run` by delegate, which it would start after a build.
std::string with_names(const std::string& line) {
  std::string out = std::regex_replace(line, std::regex("^scripts/run "), "delegate ");
  return std::regex_replace(out, std::regex("--session ID|runs ID"), "--session s-1");
}

std::string first_word(const std::string& line) { return line.substr(0, line.find_first_of(" \t#")); }

/// All that the lines of the pages name: files, programs, a session.
void furnish(Cli& cli) {
  build_world(cli, "codex is well");
  for (const char* file : {"prompt.txt", "main.cpp", "main.hpp", "error.txt"})
    cli.write(cli.home("project/") + file, "hello\n");
  std::filesystem::create_directories(cli.home("src/thing"));
  install_script(cli, "git", "echo '+a changed line'\n");
  install_script(cli, "jq", "while read -r line; do echo \"$line\"; done\n");
  cli.run("ask hello").expect(0);
  std::filesystem::remove(cli.file("bin/delegate"));
  install_script(cli, "delegate",
                 program() + R"( "$@"
code=$?
echo "$code delegate $*" >> ")" +
                     cli.home("codes") + R"("
exit $code
)");  // not $HOME, which a line may unset
}

}  // namespace

TEST_CASE("the console blocks of the pages show what really happens") {
  const auto blocks = blocks_in("console");
  REQUIRE(blocks.size() >= 8);
  for (const Block& block : blocks) {
    Cli cli;
    INFO(block.place());
    build_world(cli, block.world);
    for (const Shown& shown : shown_in(block)) {
      INFO("$ " << shown.command);
      const std::string seen = masked(cli, shell(cli, "{ " + shown.command + "\n} 2>&1").finish().out);
      const std::string expected = masked(cli, shown.output);
      if (shown.goes_on) CHECK(seen.substr(0, expected.size()) == expected);
      else CHECK(seen == expected);
    }
  }
}

TEST_CASE("every line of shell in the pages is a valid command") {
  const auto blocks = blocks_in("sh");
  REQUIRE(blocks.size() >= 4);
  for (const Block& block : blocks) {
    Cli cli;
    furnish(cli);
    for (const std::string& written : block.lines) {
      INFO(block.place() << ": " << written);
      const std::string line = with_names(written);
      const std::string program = first_word(line);
      if (program.empty()) continue;
      // Without arguments it is the drill, which is shown to hold elsewhere.
      if (delegate::trim(written.substr(0, written.find('#'))) == "scripts/run") continue;
      if (line.find("--watch") != std::string::npos) {
        Running watching = cli.start(line.substr(sizeof("delegate"), line.find(" #") - sizeof("delegate")));
        CHECK(watching.comes_to_print("BACKEND"));
        watching.signal(SIGINT);
        watching.finish().expect(130);
      } else if (line.find("delegate ") != std::string::npos) {
        std::filesystem::remove(cli.home("codes"));
        const Finished finished = shell(cli, line).finish();
        const std::string codes = cli.read(cli.home("codes"));
        INFO(codes << finished.err);
        CHECK_FALSE(codes.empty());
        CHECK_FALSE(codes.starts_with("2 "));
        CHECK_FALSE(codes.starts_with("70 "));
      } else if (program.starts_with("scripts/")) {
        CHECK(::access((SOURCE_DIRECTORY "/" + program).c_str(), X_OK) == 0);
      } else {
        CHECK((program == "cmake" || program == "sudo" || program == "tar" || program.starts_with("build/")));
      }
    }
  }
}
