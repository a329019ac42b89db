#include "core/config/config.hpp"
#include "tests/unit/backends/captured.hpp"

// What is run for a CLI: argv, environment, input. argv and environment can be read by others on the machine, so what
// was asked is in neither.
using namespace delegate;
using namespace delegate::test;
using Words = std::vector<std::string>;

namespace {

constexpr const char* kPrompt = "a most particular prompt";
constexpr const char* kSystem = "a most particular system prompt";

Task built_in_task(const std::string& name) {
  Task task{.prompt = kPrompt, .executable = "/opt/bin/" + name};
  task.settings = *built_in_config().backend(name);
  return task;
}

ProcessCall process_call(const Task& task) {
  const auto call = backend_of(task.settings.kind).prepare(task, {});
  REQUIRE(call.has_value());
  REQUIRE(std::holds_alternative<ProcessCall>(*call));
  return std::get<ProcessCall>(*call);
}

bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool names(const Words& environment, const std::string& name) {
  return std::any_of(environment.begin(), environment.end(),
                     [&](const std::string& word) { return word.starts_with(name + "="); });
}

void check_nothing_is_told(const ProcessCall& call) {
  for (const Words& words : {call.argv, call.env})
    for (const std::string& word : words) CHECK(word.find("most particular") == std::string::npos);
}

const std::vector<std::string> kClis{"claude", "codex", "gemini"};

}  // namespace

TEST_CASE("claude is run read-only with reading tools alone, and without MCP servers") {
  Task task = built_in_task("claude");
  const Words start{
      "/opt/bin/claude",           "-p", "--output-format", "stream-json", "--verbose", "--strict-mcp-config",
      "--include-partial-messages"};
  const auto with = [&](Words more) {
    Words all = start;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  CHECK(process_call(task).argv == with({"--tools", "Read,Grep,Glob"}));
  SECTION("a model") {
    task.model = "opus";
    CHECK(process_call(task).argv == with({"--tools", "Read,Grep,Glob", "--model", "opus"}));
  }
  SECTION("a session") {
    task.session = "1234";
    CHECK(process_call(task).argv == with({"--tools", "Read,Grep,Glob", "--resume", "1234"}));
  }
  SECTION("write access") {
    task.access = Access::write;
    CHECK(process_call(task).argv == with({"--permission-mode", "acceptEdits", "--allowedTools", "Bash"}));
  }
  SECTION("a system prompt goes through a private file") {
    task.system = kSystem;
    const ProcessCall call = process_call(task);
    CHECK(call.argv == with({"--tools", "Read,Grep,Glob", "--append-system-prompt-file", "{system_file}"}));
    REQUIRE(call.files.size() == 1);
    CHECK(call.files[0].placeholder == "{system_file}");
    CHECK(call.files[0].content == kSystem);
    CHECK(call.input == kPrompt);
  }
  SECTION("a system prompt for a session replaces the one that the session had") {
    task.system = kSystem;
    task.session = "1234";
    CHECK(process_call(task).argv == with({"--tools", "Read,Grep,Glob", "--append-system-prompt-file", "{system_file}",
                                           "--resume", "1234", "--system-prompt-snapshot", "off"}));
  }
}

TEST_CASE("codex is run in its sandbox, with the prompt on stdin") {
  Task task = built_in_task("codex");
  const auto argv = [](const std::string& sandbox, Words more) {
    Words all{"/opt/bin/codex",          "exec", "--json",          "--skip-git-repo-check", "--sandbox", sandbox, "-c",
              "analytics.enabled=false", "-o",   "{scratch}/answer"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  CHECK(process_call(task).argv == argv("read-only", {"-"}));
  SECTION("a model") {
    task.model = "gpt-5.5";
    CHECK(process_call(task).argv == argv("read-only", {"-m", "gpt-5.5", "-"}));
  }
  SECTION("a session: `resume` has no sandbox of its own, so it comes after") {
    task.session = "1234";
    CHECK(process_call(task).argv == argv("read-only", {"resume", "1234", "-"}));
  }
  SECTION("write access") {
    task.access = Access::write;
    CHECK(process_call(task).argv == argv("workspace-write", {"-"}));
  }
}

TEST_CASE("a login with variables sees no key but its own") {
  Task task = built_in_task("codex");
  task.environment["CODEX_API_KEY"] = "of the caller";
  CHECK(has(process_call(task).env, "CODEX_API_KEY=of the caller"));
  task.login = {{"CODEX_HOME", "/srv/work"}};
  CHECK_FALSE(has(process_call(task).env, "CODEX_API_KEY=of the caller"));
  CHECK(has(process_call(task).env, "CODEX_HOME=/srv/work"));
  task.login = {{"CODEX_API_KEY", "of the login"}};
  CHECK(has(process_call(task).env, "CODEX_API_KEY=of the login"));
}

TEST_CASE("gemini is run without approval of tools, and without MCP servers") {
  Task task = built_in_task("gemini");
  const auto argv = [](const std::string& approval, Words more) {
    Words all{"/opt/bin/gemini",
              "-o",
              "stream-json",
              "--skip-trust",
              "--approval-mode",
              approval,
              "--allowed-mcp-server-names",
              "__none__"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  CHECK(process_call(task).argv == argv("default", {}));
  SECTION("a model and a session") {
    task.model = "gemini-2.5-flash";
    task.session = "1234";
    CHECK(process_call(task).argv == argv("default", {"-m", "gemini-2.5-flash", "--resume", "1234"}));
  }
  SECTION("write access") {
    task.access = Access::write;
    CHECK(process_call(task).argv == argv("yolo", {}));
  }
  SECTION("one process, and its error reports go to a directory that we remove") {
    const ProcessCall call = process_call(task);
    CHECK(has(call.env, "GEMINI_CLI_NO_RELAUNCH=true"));
    CHECK(has(call.env, "TMPDIR={scratch}"));
    CHECK(call.directory_placeholder == "{scratch}");
  }
}

TEST_CASE("a command with fixed arguments keeps them in front") {
  for (const std::string& cli : kClis) {
    Task task = built_in_task(cli);
    task.settings.command = {cli, "--fixed", "one"};
    const Words argv = process_call(task).argv;
    CHECK(argv[0] == "/opt/bin/" + cli);
    CHECK(argv[1] == "--fixed");
    CHECK(argv[2] == "one");
  }
}

TEST_CASE("neither the prompt nor the system prompt stands in argv or environment") {
  for (const std::string& cli : kClis) {
    INFO(cli);
    Task task = built_in_task(cli);
    check_nothing_is_told(process_call(task));
    CHECK(process_call(task).input == kPrompt);
    task.system = kSystem;
    task.session = "1234";
    task.access = Access::write;
    const ProcessCall call = process_call(task);
    check_nothing_is_told(call);
    const std::string told = call.input + (call.files.empty() ? "" : call.files[0].content);
    CHECK_THAT(told, Catch::Contains(kPrompt) && Catch::Contains(kSystem));
  }
}

TEST_CASE("a prompt that looks like a flag, is empty or is long goes the same way") {
  for (const std::string& cli : kClis)
    for (const std::string& prompt : {std::string("--help"), std::string(), std::string(900'000, 'x')}) {
      Task task = built_in_task(cli);
      task.prompt = prompt;
      CHECK(process_call(task).input == prompt);
      CHECK(process_call(task).argv == process_call(built_in_task(cli)).argv);
    }
}

TEST_CASE("a key reaches the vendor's own CLI at most") {
  struct Row {
    const char* name;
    const char* allowed;  // the CLIs that see it with the built-in settings
  };
  const Row rows[] = {{"ANTHROPIC_API_KEY", ""},
                      {"ANTHROPIC_AUTH_TOKEN", ""},
                      {"CLAUDE_CODE_OAUTH_TOKEN", "claude"},
                      {"OPENAI_API_KEY", ""},
                      {"CODEX_API_KEY", "codex"},
                      {"CODEX_ACCESS_TOKEN", ""},
                      {"GEMINI_API_KEY", "gemini"},
                      {"GOOGLE_API_KEY", "gemini"},
                      {"XAI_API_KEY", ""},
                      {"MISTRAL_API_KEY", ""},
                      {"HF_TOKEN", ""},
                      {"PATH", "claude codex gemini"},
                      {"HTTPS_PROXY", "claude codex gemini"}};
  for (const Row& row : rows)
    for (const std::string& cli : kClis) {
      INFO(row.name << " for " << cli);
      Task task = built_in_task(cli);
      task.environment[row.name] = "value";
      CHECK(has(process_call(task).env, std::string(row.name) + "=value") ==
            (std::string(row.allowed).find(cli) != std::string::npos));
    }
}

TEST_CASE("a key that env.keep names is handed on") {
  Task task = built_in_task("claude");
  task.environment = {{"ANTHROPIC_API_KEY", "a"}, {"OPENAI_API_KEY", "b"}};
  task.settings.env_keep = {"ANTHROPIC_API_KEY"};
  const Words env = process_call(task).env;
  CHECK(has(env, "ANTHROPIC_API_KEY=a"));
  CHECK_FALSE(names(env, "OPENAI_API_KEY"));
}

TEST_CASE("codex is asked for the reason of a failed connection, unless the caller has chosen what it logs") {
  Task task = built_in_task("codex");
  CHECK(names(process_call(task).env, "RUST_LOG"));
  task.environment["RUST_LOG"] = "debug";
  CHECK(has(process_call(task).env, "RUST_LOG=debug"));
}

TEST_CASE("markers of the agent that called us are not handed on") {
  for (const std::string& cli : kClis)
    for (const char* name : {"CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SESSION_ID", "MAX_THINKING_TOKENS",
                             "CODEX_THREAD_ID", "CODEX_SANDBOX", "CODEX_SANDBOX_NETWORK_DISABLED", "GEMINI_CLI",
                             "GROK_SESSION_ID", "CURSOR_TRACE_ID", "DELEGATE_RUN_ID", "DELEGATE_DEPTH"}) {
      INFO(name << " for " << cli);
      Task task = built_in_task(cli);
      task.environment[name] = "1";
      CHECK_FALSE(names(process_call(task).env, name));
    }
}

TEST_CASE("no login page can open") {
  for (const std::string& cli : kClis) {
    Task task = built_in_task(cli);
    task.environment = {
        {"DISPLAY", ":0"}, {"WAYLAND_DISPLAY", "wayland-0"}, {"XAUTHORITY", "/x"}, {"BROWSER", "firefox"}};
    const Words env = process_call(task).env;
    for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"}) CHECK_FALSE(names(env, name));
    CHECK(has(env, "BROWSER=/bin/true"));
  }
}

TEST_CASE("every variable stands there once, ours over the caller's") {
  for (const std::string& cli : kClis) {
    Task task = built_in_task(cli);
    task.environment = {{"BROWSER", "x"},
                        {"TMPDIR", "/elsewhere"},
                        {"CLAUDE_CODE_MAX_RETRIES", "10"},
                        {"HOME", "/home"},
                        {"GEMINI_CLI_NO_RELAUNCH", "no"}};
    std::set<std::string> seen;
    for (const std::string& word : process_call(task).env) CHECK(seen.insert(word.substr(0, word.find('='))).second);
    CHECK(seen.count("HOME") == 1);
  }
  CHECK(has(process_call(built_in_task("claude")).env, "CLAUDE_CODE_MAX_RETRIES=1"));
}

TEST_CASE("every kind is found by its name, and by nothing else") {
  for (const char* kind : {"claude", "codex", "gemini", "ollama", "openai", "command"})
    CHECK(backend_of(kind).kind() == kind);
  CHECK(find_backend("") == nullptr);
  CHECK(find_backend("Claude") == nullptr);
}

TEST_CASE("the place of a login follows the variables that the CLI itself reads") {
  const auto first_file = [](const Task& task) {
    return backend_of(task.settings.kind).login_traces(task).files.at(0);
  };
  for (const auto& [name, usual, variable, moved] : std::vector<std::array<std::string, 4>>{
           {"claude", "/home/you/.claude/.credentials.json", "CLAUDE_CONFIG_DIR", "/x/.credentials.json"},
           {"codex", "/home/you/.codex/auth.json", "CODEX_HOME", "/x/auth.json"},
           {"gemini", "/home/you/.gemini/oauth_creds.json", "GEMINI_CLI_HOME", "/x/.gemini/oauth_creds.json"}}) {
    INFO(name);
    Task task = built_in_task(name);
    task.environment = {{"HOME", "/home/you"}};
    CHECK(first_file(task) == usual);
    task.environment[variable] = "/elsewhere";
    task.login[variable] = "/x";
    CHECK(first_file(task) == moved);
    CHECK_FALSE(backend_of(task.settings.kind).login_traces(task).variables.empty());
  }
}
