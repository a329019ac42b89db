#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "core/base/text.hpp"
#include "tests/cli/surface.hpp"

// Completion, asked for in the real shells.
using namespace delegate::test;
using Words = std::vector<std::string>;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using Catch::Matchers::VectorContains;

namespace {

/// What each shell offers at the end of each of these lines.
using Offers = std::vector<Words>;

std::string script(Cli& cli, const std::string& shell) {
  const std::string path = cli.file("script." + shell);
  cli.write(path, cli.run("completion " + shell).expect(0).stderr_is("").out);
  return path;
}

/// Blocks of lines, each ended by "--end".
Offers blocks(const std::string& text, std::size_t expected) {
  Offers offers(1);
  for (const std::string_view line : delegate::split(text, '\n')) {
    if (line == "--end") offers.emplace_back();
    else if (!line.empty()) offers.back().emplace_back(line.substr(0, line.find('\t')));
  }
  offers.pop_back();
  INFO(text);
  REQUIRE(offers.size() == expected);
  for (Words& words : offers) {
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
  }
  return offers;
}

constexpr const char* kBash = R"sh(
source "$1"; shift
for line; do
  # As readline takes it apart: = is a word of its own.
  read -ra COMP_WORDS <<< "${line//=/ = }"
  [[ $line == *[\ =] ]] && COMP_WORDS+=("")
  [[ $line == *= ]] && unset 'COMP_WORDS[-1]'
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _delegate
  printf '%s\n' "${COMPREPLY[@]}" --end
done
)sh";

constexpr const char* kFish = R"sh(
source $argv[1]
for line in $argv[2..-1]
    complete -C $line
    echo --end
end
)sh";

// A terminal of its own; what would be shown is written to a file instead.
constexpr const char* kZsh = R"sh(
zmodload zsh/zpty
out=$1 script=$2; shift 2
cat > $out.setup <<EOF
PROMPT= RPROMPT= LISTMAX=10000
unsetopt auto_list auto_menu list_beep
autoload -U compinit; compinit -u -D
source $script
zstyle ':completion:*' insert-tab false
compadd() {
  if [[ " \${@[1,(i)(-|--)]} " == *' -'[a-zA-Z0-9]#[OAD]' '* ]]; then builtin compadd "\$@"; return; fi
  local -a hits
  builtin compadd -O hits "\$@"
  print -rl -- \$hits >> $out
  builtin compadd "\$@"
}
capture() { _main_complete; print -r -- --end >> $out; print -r -- 'the''re' }
zle -C capture complete-word capture
bindkey '^I' capture
print 're''ady'
EOF
zpty z zsh -f -i
zpty -w z "source $out.setup"
zpty -r z chunk '*ready*'
for line; do
  zpty -w -n z "$line"$'\t'
  zpty -r z chunk '*there*'
  zpty -w -n z $'\C-u'
done
zpty -d z
cat $out
)sh";

Offers offered(Cli& cli, const std::string& shell, const Words& lines) {
  cli.write(cli.file("drive"), shell == "bash" ? kBash : shell == "fish" ? kFish : kZsh);
  Words argv;
  if (shell == "bash") argv = {"/bin/bash", "--norc", "--noprofile", cli.file("drive")};
  if (shell == "fish") argv = {"/usr/bin/fish", "--no-config", cli.file("drive")};
  if (shell == "zsh") argv = {"/usr/bin/zsh", "-f", cli.file("drive"), cli.file("offers")};
  std::filesystem::remove(cli.file("offers"));
  argv.push_back(script(cli, shell));
  argv.insert(argv.end(), lines.begin(), lines.end());
  return blocks(run_program(cli, argv).expect(0).stderr_is("").out, lines.size());
}

const std::string& any_shell() {
  static const Words kShells{"bash", "zsh", "fish"};
  const std::size_t which = GENERATE(as<std::size_t>(), 0, 1, 2);
  return kShells[which];
}

}  // namespace

TEST_CASE("each shell can read its script") {
  Cli cli;
  for (const char* shell : {"bash", "zsh", "fish"})
    run_program(cli, {std::string("/usr/bin/") + shell, "-n", script(cli, shell)}).expect(0).stderr_is("");
}

TEST_CASE("every command and every option is offered by each shell") {
  const std::string& shell = any_shell();
  Cli cli;
  const auto all = described(cli);
  const auto commands = commands_of(all);
  Words groups{""};  // of commands, each with the line that offers them
  Words lines{"delegate "};
  for (const std::string& command : commands) {
    const std::string group = command.substr(0, std::min(command.find(' '), command.size()));
    if (group == command || std::find(groups.begin(), groups.end(), group) != groups.end()) continue;
    groups.push_back(group);
    lines.push_back("delegate " + group + " ");
  }
  for (const std::string& command : commands) {
    lines.push_back("delegate " + command + " -");
    lines.push_back("delegate " + command + " --");
  }
  const Offers offers = offered(cli, shell, lines);
  for (const std::string& command : commands) {
    const std::size_t space = command.find(' ');
    const std::string group = space == std::string::npos ? "" : command.substr(0, space);
    const auto list = std::find(groups.begin(), groups.end(), group) - groups.begin();
    INFO(shell << " " << command);
    CHECK_THAT(offers.at(static_cast<std::size_t>(list)), VectorContains(command.substr(space + 1)));
  }
  std::size_t at = groups.size();
  for (const std::string& command : commands) {
    Words found = offers[at];
    found.insert(found.end(), offers[at + 1].begin(), offers[at + 1].end());
    at += 2;
    for (const Described& one : all)
      for (const std::string& name : one.names) {
        INFO(shell << " " << command << " " << name);
        if (one.command.empty() || one.command == command) CHECK_THAT(found, VectorContains(name));
        else if (std::none_of(all.begin(), all.end(), [&](const Described& other) {
                   return (other.command == command || other.command.empty()) &&
                          std::find(other.names.begin(), other.names.end(), name) != other.names.end();
                 }))
          CHECK_THAT(found, !VectorContains(name));
      }
  }
  for (const char* hidden : {"complete", "manual", "stand-in", "shorten-log"})
    CHECK_THAT(offers[0], !VectorContains(std::string(hidden)));
}

TEST_CASE("each shell offers the values of an option that has a fixed set") {
  const std::string& shell = any_shell();
  Cli cli;
  Words lines;
  std::vector<Words> expected;
  for (const Described& one : described(cli)) {
    if (one.choices.empty() || one.command == "help") continue;
    const std::string command = one.command.empty() ? "" : " " + one.command;
    lines.push_back("delegate" + command + (one.names.empty() ? " " : " " + one.names.back() + " "));
    expected.push_back(one.choices);
    std::sort(expected.back().begin(), expected.back().end());
  }
  REQUIRE(lines.size() == 13);
  const Offers offers = offered(cli, shell, lines);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    INFO(shell << " " << lines[i]);
    CHECK_THAT(offers[i], Equals(expected[i]));
  }
}

TEST_CASE("each shell offers backends, runs and keys of this host") {
  const std::string& shell = any_shell();
  Cli cli;
  cli.answers("mine");
  const std::string id = cli.run("ask hello --json").expect(0).json()["run_id"];
  const Offers offers = offered(
      cli, shell,
      {"delegate ask -b ", "delegate ask -b m", "delegate breaker trip mi", "delegate runs ",
       "delegate runs --outcome cance", "delegate config show backends.mine.co", "delegate --config x breaker reset mi",
       "delegate ask words mi", "delegate ask -b mine ", "delegate ask -- -"});
  CHECK_THAT(offers[0], Equals(Words{"auto", "claude", "codex", "gemini", "mine", "ollama"}));
  CHECK_THAT(offers[1], Equals(Words{"mine"}));
  CHECK_THAT(offers[2], Equals(Words{"mine"}));
  CHECK_THAT(offers[3], Equals(Words{id}));
  CHECK_THAT(offers[4], Equals(Words{"cancelled"}));
  CHECK_THAT(offers[5], Equals(Words{"backends.mine.command"}));
  CHECK_THAT(offers[6], Equals(Words{"mine"}));
  for (const std::size_t nothing : {7u, 8u, 9u}) CHECK_THAT(offers[nothing], Equals(Words{}));
}

TEST_CASE("to be cancelled or undone only those runs are offered for which that can be done") {
  Cli cli;
  cli.counted("mine", {"--wait-file", cli.file("never")});
  const std::string running = cli.run("submit hello").expect(0).out_lines().front();
  REQUIRE(eventually([&] { return cli.spawns("mine") == 1; }));
  cli.answers("mine");
  cli.run("ask -b mine hello").expect(0);
  CHECK(cli.run("complete unended").expect(0).stdout_has(running).out_lines().size() == 1);
  CHECK(cli.run("complete runs").expect(0).stdout_has("answered: hello").out_lines().size() == 2);
  cli.run("complete writing").expect(0).stdout_is("");
  cli.run("cancel " + running).expect(0);
}

TEST_CASE("a value after = is offered by each shell") {
  const std::string& shell = any_shell();
  Cli cli;
  const Words offers = offered(cli, shell, {"delegate ask --backend=ge"}).front();
  REQUIRE(offers.size() == 1);
  CHECK_THAT(offers[0], Catch::Matchers::EndsWith("gemini"));
}

TEST_CASE("each shell offers files and directories where an argument is a path") {
  const std::string& shell = any_shell();
  Cli cli;
  cli.write(cli.home("project/part.txt"), "");
  cli.write(cli.home("project/parts/x"), "");
  const Offers offers = offered(cli, shell, {"delegate ask -f par", "delegate ask -C par", "delegate --config par"});
  const auto has = [&](std::size_t line, const std::string& name) {
    return std::any_of(offers[line].begin(), offers[line].end(),
                       [&](const std::string& word) { return word == name || word == name + "/"; });
  };
  CHECK(has(0, "part.txt"));
  CHECK(has(0, "parts"));
  CHECK_FALSE(has(1, "part.txt"));
  CHECK(has(1, "parts"));
  CHECK(has(2, "part.txt"));
}

TEST_CASE("no offered word can become a shell command") {
  const std::string& shell = any_shell();
  Cli cli;
  // A program that offers the worst it can, in place of ours.
  cli.write(cli.file("bin/delegate"), "#!/bin/sh\ncat <<'END'\n$(touch " + cli.file("mark") + ")\tx\n`touch " +
                                          cli.file("mark") + "`\ty\ngood\t$(touch " + cli.file("mark") + ")\n';touch " +
                                          cli.file("mark") + ";'\tz\nEND\n");
  std::filesystem::permissions(cli.file("bin/delegate"), std::filesystem::perms::owner_all);
  const Offers offers = offered(cli, shell, {"delegate ask -b ", "delegate ping ", "delegate ask -b g"});
  CHECK_THAT(offers[0], VectorContains(std::string("good")));
  CHECK_THAT(offers[2], Equals(Words{"good"}));
  CHECK_FALSE(std::filesystem::exists(cli.file("mark")));
}

TEST_CASE("only words that need no quoting are offered") {
  Cli cli;
  cli.answers("codex").run("ask hello").expect(0);
  run_program(cli, {"/usr/bin/sqlite3", cli.state_file(), "update runs set id = '$(touch mark)'"}).expect(0);
  cli.run("complete runs").expect(0).stdout_is("").stderr_is("");
  cli.config("[backends.\"$(touch x)\"]\nkind = \"codex\"\n[backends.\"-x\"]\nkind = \"codex\"");
  cli.run("complete backends").expect(0).stdout_lacks("touch").stdout_lacks("-x").stdout_has("gemini\t");
}

TEST_CASE("completion only reads: it prints no errors and writes no files") {
  Cli cli;
  for (const char* what : {"backends", "candidates", "runs", "keys", "outcomes", "options", "nonsense"}) {
    INFO(what);
    cli.run(std::string("complete ") + what).expect(0).stderr_is("");
  }
  CHECK_FALSE(std::filesystem::exists(cli.state_file()));
  cli.run("complete backends").stdout_has("gemini\t");
  cli.run("complete nonsense").stdout_is("");

  cli.config("[breaker]\nthreshold = \"many\"\n[backends.mine]\nkind = \"command\"\ncommand = [\"x\"]");
  cli.run("complete backends").expect(0).stderr_is("").stdout_has("mine\t");
  cli.run("complete runs").expect(0).stderr_is("").stdout_is("");
  cli.config("this is no TOML").run("complete backends").expect(0).stderr_is("");
  cli.set("DELEGATE_CONFIG", cli.file("nowhere")).run("complete backends").expect(0).stderr_is("").stdout_is("");
}

TEST_CASE("a run is offered with a few words about it") {
  Cli cli;
  cli.answers("codex").config("[breaker]\nthreshold = 9");
  const std::string id = cli.run("ask hello --json").expect(0).json()["run_id"];
  const Finished runs = cli.run("complete runs").expect(0).stderr_is("");
  CHECK_THAT(runs.out, Catch::Matchers::Matches(id + "\t.* ago, codex, answered: hello\n"));
}

TEST_CASE("completion rejects an unknown shell") {
  Cli cli;
  cli.run("completion").expect(2).stdout_is("").stderr_has("SHELL is missing");
  cli.run("completion tcsh").expect(2).stdout_is("").stderr_has("bash, zsh, fish");
  cli.config("this is no TOML").unset("HOME").run("completion bash").expect(0).stdout_has("_delegate");
}
