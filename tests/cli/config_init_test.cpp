#include <catch2/catch.hpp>

#include <sys/stat.h>

#include "core/base/text.hpp"
#include "tests/cli/own_mounts.hpp"

// `config init`: a first file that fits the machine.
using namespace delegate::test;
namespace fs = std::filesystem;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 0777;
}

/// What is commented out, made live.
std::string uncommented(const std::string& text) {
  std::string out;
  for (const std::string_view line : delegate::split(text, '\n')) {
    const bool is_key = line.starts_with("# ") && line.find(" = ") != std::string_view::npos;
    out += std::string(is_key ? line.substr(2) : line) + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("config init writes a private file that begins with what is installed and loads without problems") {
  Cli cli;
  cli.install("gemini").install("codex").unset("OLLAMA_HOST");
  cli.run("config init").expect(0).stderr_is("").stdout_has(cli.config_file());
  CHECK(mode_of(cli.config_file()) == 0600);
  CHECK(mode_of(cli.home(".config/delegate")) == 0700);
  const std::string text = cli.read(cli.config_file());
  CHECK(text.find("\norder = [\"codex\", \"gemini\", \"ollama\"]\n") != std::string::npos);
  CHECK(text.find("\n#   claude  npm install -g @anthropic-ai/claude-code\n") != std::string::npos);
  CHECK(text.find("npm install -g @openai/codex") == std::string::npos);
  CHECK(text.find("[backends.claude]") == std::string::npos);
  cli.run("config check").expect(0).stderr_is("").stdout_has(cli.config_file());
  cli.run("config show router.order").expect(0).stdout_has(R"(= ["codex", "gemini", "ollama"])");
}

TEST_CASE("each commented line of the file is valid when it is uncommented") {
  Cli cli;
  if (GENERATE(true, false)) cli.install("claude").install("gemini").install("codex");
  const std::string text = uncommented(cli.run("config init --print").expect(0).out);
  CHECK(text.find("\nthreshold = 3") != std::string::npos);
  cli.config(text).run("config check").expect(0).stderr_is("");
}

TEST_CASE("a commented value is the built-in one, so that uncommenting it changes nothing") {
  Cli cli;
  cli.install("claude").install("gemini").install("codex").unset("OLLAMA_HOST");
  const auto values = [&] {
    Json all = cli.run("config show --json").expect(0).json()["values"];
    std::map<std::string, Json> out;
    for (const Json& value : all) out[value["key"]] = value["value"];
    out.erase("router.order_light");  // an example: it is empty as built in
    return out;
  };
  const auto before = values();
  cli.config(uncommented(cli.run("config init --print").expect(0).out));
  CHECK(values() == before);
}

TEST_CASE("the file is the same on the same machine, and --print writes nothing") {
  Cli cli;
  cli.install("claude");
  const std::string first = cli.run("config init --print").expect(0).stderr_is("").out;
  CHECK_FALSE(fs::exists(cli.home(".config")));
  CHECK(cli.run("config init --print").expect(0).out == first);
  cli.run("config init").expect(0);
  CHECK(cli.read(cli.config_file()) == first);
  CHECK(cli.run("config init --print --json").expect(0).json()["text"] == first);
}

TEST_CASE("config init overwrites a file only with --force") {
  Cli cli;
  cli.config("# mine\n").run("config check").expect(0);
  cli.run("config init").expect(3).stdout_is("").stderr_has("already exists").stderr_has("--force");
  CHECK(cli.run("config init --json").expect(3).json()["error"]["outcome"] == "configuration");
  CHECK(cli.read(cli.config_file()) == "# mine\n");
  cli.config("").run("config init --force").expect(0);
  CHECK(cli.read(cli.config_file()).find("[router]") != std::string::npos);
}

TEST_CASE("config init writes through a symbolic link and keeps the link") {
  Cli cli;
  cli.write(cli.home("dotfiles/delegate.toml"), "# mine\n");
  fs::create_directories(cli.home(".config/delegate"));
  fs::create_symlink(cli.home("dotfiles/delegate.toml"), cli.config_file());
  cli.run("config init --force").expect(0);
  CHECK(fs::is_symlink(cli.config_file()));
  CHECK(cli.read(cli.home("dotfiles/delegate.toml")).find("[router]") != std::string::npos);
  fs::remove(cli.home("dotfiles/delegate.toml"));
  cli.run("config init").expect(3).stderr_has("already exists");
  cli.run("config check").expect(3).stderr_has(cli.config_file());
}

TEST_CASE("config init writes where --config or DELEGATE_CONFIG say") {
  Cli cli;
  cli.run("config init --config " + cli.file("new/mine.toml")).expect(0);
  cli.run("config check --config " + cli.file("new/mine.toml")).expect(0);
  CHECK(mode_of(cli.file("new")) == 0700);
  cli.set("DELEGATE_CONFIG", "here.toml").run("config init").expect(0);
  CHECK(fs::exists(cli.home("project/here.toml")));
  CHECK_FALSE(fs::exists(cli.config_file()));
}

TEST_CASE("the local model's address is the one of OLLAMA_HOST, without its password") {
  Cli cli;
  cli.set("OLLAMA_HOST", "0.0.0.0:4711")
      .run("config init --print")
      .expect(0)
      .stdout_has("\nurl = \"http://127.0.0.1:4711\"");
  cli.set("OLLAMA_HOST", "http://me:hunter22@there").run("config init --print").expect(0).stdout_lacks("hunter22");
  for (const char* nonsense : {"a b", "\"x\"y\"", "\x1B[1m", "://", "\xFF\xFE"}) {
    INFO(nonsense);
    cli.set("OLLAMA_HOST", nonsense);
    cli.config(cli.run("config init --print").expect(0).stdout_lacks("\x1B").out).run("config check").expect(0);
    cli.config("");
  }
}

TEST_CASE("config init reports that there is no directory for the file") {
  Cli cli;
  cli.unset("HOME").unset("XDG_CONFIG_HOME");
  cli.run("config init").expect(3).stdout_is("").stderr_has("neither XDG_CONFIG_HOME nor HOME").stderr_has("--print");
  cli.run("config init --print").expect(0).stdout_has("[router]");
  cli.set("XDG_CONFIG_HOME", cli.file("file"));
  cli.write(cli.file("file"), "in the way");
  cli.run("config init").expect(70).stdout_is("").stderr_has(cli.file("file"));
}

TEST_CASE("a full disk leaves no partial file") {
  Cli cli;
  const auto said = in_own_mounts(cli,
                                  "mkdir -p .config/delegate; mount -t tmpfs -o size=4k none .config/delegate\n"
                                  "head -c 4096 /dev/zero > .config/delegate/full\n"
                                  "$DELEGATE config init || echo exit $?\nls .config/delegate");
  if (!said) return;
  said->expect(0).stdout_is("exit 70\nfull\n").stderr_has(".config/delegate/delegate.toml");
}
