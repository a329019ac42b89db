#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"

// What a child of ours sees of the world.
using namespace delegate::test;

namespace {

std::vector<std::string> environment_of_child(Cli& cli, const std::string& toml = {}) {
  return cli.backend("codex", {"--environ"}, toml).run("ask -b codex hello").expect(0).out_lines();
}

bool has(const std::vector<std::string>& environment, const std::string& entry) {
  return std::find(environment.begin(), environment.end(), entry) != environment.end();
}

bool has_variable(const std::vector<std::string>& environment, const std::string& name) {
  return std::any_of(environment.begin(), environment.end(),
                     [&](const std::string& entry) { return entry.find(name + "=") == 0; });
}

}  // namespace

TEST_CASE("a child has no display and no browser") {
  Cli cli;
  cli.set("DISPLAY", ":0").set("WAYLAND_DISPLAY", "wayland-0").set("XAUTHORITY", "/x").set("BROWSER", "firefox");
  const auto environment = environment_of_child(cli);
  for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"}) CHECK_FALSE(has_variable(environment, name));
  CHECK(has(environment, "BROWSER=/bin/true"));
  CHECK_FALSE(has(environment, "BROWSER=firefox"));
}

TEST_CASE("a child sees only the API keys that it was granted") {
  Cli cli;
  const std::vector<std::string> keys{"ANTHROPIC_API_KEY", "OPENAI_API_KEY",     "GEMINI_API_KEY",
                                      "GOOGLE_API_KEY",    "OPENROUTER_API_KEY", "ANTHROPIC_AUTH_TOKEN"};
  for (const std::string& key : keys) cli.set(key, "not-a-key");
  auto environment = environment_of_child(cli);
  for (const std::string& key : keys) CHECK_FALSE(has_variable(environment, key));
  environment = environment_of_child(cli, "env.keep = [\"OPENAI_API_KEY\"]");
  CHECK(has(environment, "OPENAI_API_KEY=not-a-key"));
  CHECK_FALSE(has_variable(environment, "ANTHROPIC_API_KEY"));
}

TEST_CASE("a child does not see the variables of a surrounding agent") {
  Cli cli;
  const std::vector<std::string> marks{"CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CODEX_SANDBOX", "GEMINI_CLI",
                                       "CURSOR_AGENT"};
  for (const std::string& mark : marks) cli.set(mark, "1");
  const auto environment = environment_of_child(cli);
  for (const std::string& mark : marks) CHECK_FALSE(has_variable(environment, mark));
}

TEST_CASE("a child keeps the user's own variables") {
  Cli cli;
  cli.set("HTTPS_PROXY", "http://127.0.0.1:3128").set("LC_ALL", "C.UTF-8").set("MY_SETTING", "a=b");
  const auto environment = environment_of_child(cli);
  CHECK(has(environment, "HOME=" + cli.home()));
  CHECK(has(environment, "PATH=" + cli.file("bin")));
  CHECK(has(environment, "HTTPS_PROXY=http://127.0.0.1:3128"));
  CHECK(has(environment, "LC_ALL=C.UTF-8"));
  CHECK(has(environment, "MY_SETTING=a=b"));
  CHECK(has(environment, "DELEGATE_DEPTH=1"));
  CHECK(has_variable(environment, "DELEGATE_RUN_ID"));
}

TEST_CASE("no variable is set twice in a child's environment") {
  Cli cli;
  cli.set("DELEGATE_DEPTH", "1").set("DELEGATE_RUN_ID", "outer").set("BROWSER", "firefox");
  std::vector<std::string> names;
  for (const std::string& entry : environment_of_child(cli)) names.push_back(entry.substr(0, entry.find('=')));
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("a child has three open files and ordinary signals") {
  Cli cli;
  cli.backend("codex", {"--fds", "--signals", "--say", "end"});
  cli.run("ask hello").expect(0).stdout_is("0\n1\n2\nend\n");
}

TEST_CASE("messages do not contain keys") {
  Cli cli;
  const std::string key = "sk-proj-0123456789abcdefghijklmnopqrstuv";
  cli.write(cli.file("words"), "bad key " + key + "\n");
  cli.set("OPENAI_API_KEY", key).backend("codex", {"--play-err", cli.file("words"), "--exit", "1"});
  cli.run("ask -b codex hello").expect(1).stderr_lacks(key).stderr_has("bad key");
  cli.run("ask -b codex hello --json").expect(1).stdout_lacks(key);
  cli.run("status --json").expect(0).stdout_lacks(key);
  CHECK(cli.files_with(key) == std::vector<std::string>{cli.file("words")});
}

TEST_CASE("a backend's output cannot send control sequences to the terminal") {
  Cli cli;
  cli.backend("codex", {"--err", "red \x1b[31malert\x1b[0m \x1b]0;title\x07", "--exit", "1"});
  cli.run("ask -b codex hello").expect(1).stderr_lacks("\x1b").stderr_lacks("\x07");
  cli.run("status").expect(0).stdout_lacks("\x1b");
}

TEST_CASE("no executable is taken from the working directory") {
  Cli cli;
  cli.counted("codex", {"--say", "no"}).uninstall("codex");
  std::filesystem::create_symlink(FAKE_CLI, cli.home("project/codex"));
  for (const char* path : {"", ".", ":", "relative:."}) {
    cli.set("PATH", path);
    cli.run("ask -b codex hello").expect(5).stdout_is("");
  }
  cli.unset("PATH").run("ask -b codex hello").expect(5).stdout_is("");
  CHECK(cli.spawns("codex") == 0);
}
