#include <catch2/catch.hpp>

#include "tests/unit/config/loading.hpp"

// Backends: names, kinds, the keys of each kind, and references between them.
using namespace delegate;
using namespace delegate::test;
using Lines = std::vector<std::string>;

namespace {

std::size_t count_in_command(const std::string& more) {
  return problems_of("[backends.x]\nkind = \"command\"\ncommand = \"x\"\n" + more).size();
}

}  // namespace

TEST_CASE("a backend's breaker is [breaker] of all layers, overridden by its own keys") {
  ConfigSources sources = user(
      "[backends.gemini]\nbreaker.threshold = 2\n[backends.codex.breaker]\ncooldown = 5\n"
      "[breaker]\ncooldown = \"9s\"\n");
  sources.environment = {{"DELEGATE_BREAKER_THRESHOLD", "7"}};
  const LoadedConfig loaded = load_config(sources);
  REQUIRE(lines(loaded) == Lines{});
  CHECK(loaded.config.backends.at("gemini").breaker.threshold == 2);
  CHECK(loaded.config.backends.at("gemini").breaker.cooldown == 9s);
  CHECK(loaded.config.backends.at("codex").breaker.threshold == 7);
  CHECK(loaded.config.backends.at("codex").breaker.cooldown == 5s);
  CHECK(loaded.config.backends.at("ollama").breaker == loaded.config.breaker);
  CHECK(to_string(loaded.config.origin("backends.gemini.breaker.threshold")) == "user.toml:2:21");
  CHECK(to_string(loaded.config.origin("backends.gemini.breaker.cooldown")) == "user.toml:6:12");
  CHECK(to_string(loaded.config.origin("backends.codex.breaker.threshold")) ==
        "environment DELEGATE_BREAKER_THRESHOLD");
}

TEST_CASE("a new backend starts from the defaults of its kind") {
  const LoadedConfig loaded = load_user(
      "[backends.codex2]\nkind = \"codex\"\n[backends.llama]\nkind = \"openai\"\nurl = \"http://127.0.0.1:8080\"\n"
      "[backends.agy]\nkind = \"command\"\ncommand = [\"agy\", \"--print\", \"-\"]\n");
  REQUIRE(lines(loaded) == Lines{});
  const BackendSettings& codex2 = loaded.config.backends.at("codex2");
  CHECK(codex2.name == "codex2");
  CHECK(codex2.command == Lines{"codex"});
  CHECK(codex2.env_keep == Lines{"CODEX_API_KEY"});
  CHECK(loaded.config.backends.at("llama").first_output_timeout == 300s);
  CHECK(loaded.config.backends.at("llama").idle_timeout == 60s);
  CHECK(loaded.config.backends.at("llama").max_parallel == 2);
  CHECK(loaded.config.backends.at("agy").command == Lines{"agy", "--print", "-"});
  CHECK(loaded.config.backends.at("agy").timeout == 10min);
  CHECK(loaded.config.backends.size() == 7);
}

TEST_CASE("a built-in backend can get another kind, with the defaults of that kind") {
  const LoadedConfig loaded = load_user("[backends.gemini]\nkind = \"openai\"\nurl = \"https://host/v1\"\n");
  REQUIRE(lines(loaded) == Lines{});
  CHECK(loaded.config.backends.at("gemini").command.empty());
  CHECK(loaded.config.backends.at("gemini").first_output_timeout == 300s);
}

TEST_CASE("a backend that is not built in needs its kind, and a kind its keys") {
  CHECK(problems_of("[backends.gemni]\ntimeout = 3\n") ==
        Lines{"user.toml:1:11: backends.gemni.kind: must be set for a backend that is not built in -> did you mean "
              "`gemini`?"});
  CHECK(problems_of("[backends.zzzzzzzzz]\n") ==
        Lines{"user.toml:1:11: backends.zzzzzzzzz.kind: must be set for a backend that is not built in -> one of "
              "claude, codex, gemini, ollama, openai, command"});
  CHECK(problems_of("[backends.x]\nkind = \"comand\"\nprompt = \"file\"\n") ==
        Lines{"user.toml:2:8: backends.x.kind: must be one of claude, codex, gemini, ollama, openai, command, is "
              "\"comand\" -> did you mean `command`?"});
  CHECK(problems_of("[backends.x]\nkind = \"command\"\n") ==
        Lines{"user.toml:2:8: backends.x.command: must be set for a backend of kind command"});
  CHECK(problems_of("[backends.x]\nkind = \"openai\"\n") ==
        Lines{"user.toml:2:8: backends.x.url: must be set for a backend of kind openai"});
}

TEST_CASE("an error for a key of another kind lists the kinds that have it") {
  CHECK(problems_of("[backends.claude]\nurl = \"http://x\"\n") ==
        Lines{"user.toml:2:1: backends.claude.url: is only for backends of kind ollama, openai, this one is of kind "
              "claude"});
  for (const char* text : {"[backends.gemini]\nprompt = \"file\"\n", "[backends.ollama]\ncommand = \"ollama\"\n",
                           "[backends.ollama]\nenv.keep = []\n", "[backends.claude]\napi_key_env = \"X\"\n",
                           "[backends.codex]\nnum_ctx = 4096\n", "[backends.codex]\nmax_tokens = 4096\n",
                           "[backends.codex]\nanswer = \"text\"\n"}) {
    INFO(text);
    CHECK(problems_of(text).size() == 1);
  }
}

TEST_CASE("names of backends cannot be mistaken for options or paths") {
  CHECK(problems_of("[backends.A-b_9]\nkind = \"claude\"\n").empty());
  CHECK(problems_of("[backends." + std::string(64, 'a') + "]\nkind = \"claude\"\n").empty());
  for (const std::string& name : {std::string("-x"), std::string("_x"), std::string("\"\""), std::string("\"a b\""),
                                  std::string("\"a/b\""), std::string("\"a.b\""), std::string("\"ä\""),
                                  std::string("\"\\u0000\""), std::string(65, 'a'), std::string("auto")}) {
    INFO(name);
    CHECK(problems_of("[backends." + name + "]\nkind = \"claude\"\n").size() == 1);
  }
}

TEST_CASE("names of models cannot be mistaken for options") {
  const auto count = [](const std::string& model) {
    return problems_of("[backends.claude]\nmodel = '" + model + "'\n").size();
  };
  for (const char* good : {"", "opus", "claude-sonnet-4-5[1m]", "hf.co/a/B:Q4_K_M", "qwen3:8b", "text@2"})
    CHECK(count(good) == 0);
  CHECK(count(std::string(200, 'a')) == 0);
  for (const char* bad : {"-m", "--yolo", "a b", "a;b", "$(x)", " ", "/x"}) CHECK(count(bad) == 1);
  CHECK(count(std::string(201, 'a')) == 1);
}

TEST_CASE("a command is a text or a list that begins with a name or an absolute path") {
  const auto count = [](const std::string& command) {
    return problems_of("[backends.gemini]\ncommand = " + command + "\n").size();
  };
  CHECK(load_user("[backends.gemini]\ncommand = \"gemini-cli\"\n").config.backends.at("gemini").command ==
        Lines{"gemini-cli"});
  for (const char* good :
       {"\"/opt/my tools/gemini\"", "[\"gemini\", \"\", \"--x y\"]", "[\"/usr/bin/node\", \"x.js\"]"})
    CHECK(count(good) == 0);
  for (const char* bad : {"\"\"", "[]", "[\"\"]", "\"./gemini\"", "\"bin/gemini\"", "\"~/gemini\"", "\"gemini --fast\"",
                          "\"-x\"", "\"..\"", "3", "[3]", "[[\"gemini\"]]"}) {
    INFO(bad);
    CHECK(count(bad) == 1);
  }
  CHECK(problems_of("[backends.gemini]\ncommand = \"gemini --fast\"\n").front().ends_with(R"(["name", "--option"])"));
  CHECK(problems_of("[backends.gemini]\ncommand = []\n") ==
        Lines{"user.toml:2:11: backends.gemini.command: must not be empty -> the executable's name or absolute path "
              "comes first"});
}

TEST_CASE("names of variables must be valid in an environment") {
  const auto count = [](const std::string& names) {
    return problems_of("[backends.gemini]\nenv.keep = " + names + "\n").size();
  };
  CHECK(count("[\"A\", \"_b9\"]") == 0);
  for (const char* bad : {"[\"\"]", "[\"9A\"]", "[\"A=B\"]", "[\"A-B\"]", "\"A\""}) CHECK(count(bad) == 1);
  const auto key_env = [](const std::string& name) {
    return problems_of("[backends.x]\nkind=\"openai\"\nurl=\"http://h\"\napi_key_env = \"" + name + "\"\n").size();
  };
  CHECK(key_env("") == 0);
  CHECK(key_env("LLAMA_API_KEY") == 0);
  CHECK(key_env("sk-123") == 1);
}

TEST_CASE("an openai backend needs a URL with a host; ollama accepts what OLLAMA_HOST accepts") {
  const auto openai = [](const std::string& url) {
    return problems_of("[backends.x]\nkind = \"openai\"\nurl = \"" + url + "\"\n").size();
  };
  for (const char* good : {"http://127.0.0.1:8080", "https://host", "HTTPS://host/v1", "http://[::1]:8080/v1",
                           "http://[::1]", "http://u:p@host:1/"})
    CHECK(openai(good) == 0);
  for (const char* bad :
       {"", "host:8080", "ftp://host", "http://", "http:///x", "http://:80", "http://h:0", "http://h:x",
        "http://h:65536", "http://a b", "http://[]", "http://[::1", "http://[::1]x", "http://u@"}) {
    INFO(bad);
    CHECK(openai(bad) == 1);
  }
  const auto ollama = [](const std::string& url) {
    return problems_of("[backends.ollama]\nurl = \"" + url + "\"\n").size();
  };
  for (const char* good : {"", "http://127.0.0.1:11434", "myhost", "myhost:11434", ":11434", "[::1]:11434"})
    CHECK(ollama(good) == 0);
  for (const char* bad : {"  ", "my host", "a\\tb"}) CHECK(ollama(bad) == 1);
}

TEST_CASE("a command backend has settings for its prompt and its answer") {
  for (const char* good :
       {"answer = \"text\"\n", "answer = \"json:/result\"\n", "answer = \"jsonl:/a/0/b~1c\"\n", "prompt = \"file\"\n"})
    CHECK(count_in_command(good) == 0);
  for (const char* bad :
       {"answer = \"\"\n", "answer = \"json\"\n", "answer = \"json:\"\n", "answer = \"json:x\"\n",
        "answer = \"json:/a~2\"\n", "answer = \"json:/a~\"\n", "answer = \"xml:/a\"\n", "prompt = \"argv\"\n"}) {
    INFO(bad);
    CHECK(count_in_command(bad) == 1);
  }
}

TEST_CASE("failure rules have a regular expression and an outcome, and each mistake is reported with its place") {
  const std::string backend = "[backends.x]\nkind = \"command\"\ncommand = \"x\"\n";
  const LoadedConfig good =
      load_user(backend +
                "[[backends.x.failures]]\nmatch = \"(?i)quota|rate limit\"\noutcome = \"rate_limited\"\n"
                "[[backends.x.failures]]\nmatch = 'é\\d+'\noutcome = \"overloaded\"\n");
  REQUIRE(lines(good) == Lines{});
  CHECK(good.config.backends.at("x").failures ==
        std::vector<FailureRule>{{"(?i)quota|rate limit", "rate_limited"}, {"é\\d+", "overloaded"}});
  CHECK(problems_of(backend + "failures = [{match = \"(\", outcome = \"rate_limted\"},\n {mach = \"x\", outcome = "
                              "\"overloaded\"}, 5]\n") ==
        Lines{"user.toml:4:22: backends.x.failures[0].match: \"(\" is not a regular expression: missing closing "
              "parenthesis (at offset 1)",
              "user.toml:4:37: backends.x.failures[0].outcome: must be one of unauthenticated, quota_exhausted, "
              "rate_limited, overloaded, model_rejected, context_too_long, refused_by_policy, exited_nonzero, "
              "bad_output, unreachable, is \"rate_limted\" -> did you mean `rate_limited`?",
              "user.toml:5:2: backends.x.failures[1].match: must be set",
              "user.toml:5:3: backends.x.failures[1].mach: unknown key -> did you mean `match`?",
              "user.toml:5:40: backends.x.failures[2]: expected a table with match and outcome, found the integer 5"});
  CHECK(count_in_command("failures = [{match = \"\", outcome = \"overloaded\"}]\n") == 1);
  CHECK(count_in_command("failures = [{match = \"" + std::string(5000, 'a') + "\", outcome = \"overloaded\"}]\n") == 1);
  CHECK(count_in_command("failures = \"x\"\n") == 1);
}

TEST_CASE("a pattern that would backtrack without end is refused, one that only looks complicated is not") {
  const auto rule = [](const std::string& pattern) {
    return problems_of("[[backends.codex.failures]]\nmatch = '" + pattern + "'\noutcome = \"overloaded\"\n");
  };
  CHECK(rule("(a+)+$") == Lines{"user.toml:2:9: backends.codex.failures[0].match: \"(a+)+$\" takes too long to match "
                                "-> avoid repeats inside repeats, such as (a+)+"});
  for (const char* slow : {"(\\w+\\s*)+:", "(a+)+b", "(x|xx)+y", "(.*)*z$", "(\\d+)*[bc]"}) {
    INFO(slow);
    CHECK(rule(slow).size() == 1);
  }
  for (const char* fine : {"(?i)quota|rate limit", ".*limit.*exceeded.*", R"(^\[API Error: ([\s\S]*)\]\s*$)", "é\\d+",
                           R"(\bretry (after|in) \d+ ?(s|sec|seconds)\b)", ".*", "[a-z]+-\\d{3}: .*"}) {
    INFO(fine);
    CHECK(rule(fine).empty());
  }
}

TEST_CASE("every kind of backend takes failure rules") {
  for (const std::string name : {"claude", "codex", "gemini", "ollama"}) {
    INFO(name);
    const LoadedConfig loaded =
        load_user("[[backends." + name + ".failures]]\nmatch = \"FOO\"\noutcome = \"overloaded\"\n");
    REQUIRE(lines(loaded) == Lines{});
    CHECK(loaded.config.backends.at(name).failures == std::vector<FailureRule>{{"FOO", "overloaded"}});
  }
}

TEST_CASE("logins have a name and variables, in the order of the file") {
  const LoadedConfig good = load_user(
      "[[backends.claude.logins]]\nname = \"work\"\nenv = { CLAUDE_CONFIG_DIR = \"~/.claude-work\" }\n"
      "[[backends.claude.logins]]\nname = \"home\"\n[backends.claude.logins.env]\nANTHROPIC_API_KEY = \"$HOME_KEY\"\n");
  REQUIRE(lines(good) == Lines{});
  CHECK(good.config.backends.at("claude").logins ==
        std::vector<Login>{{"work", {{"CLAUDE_CONFIG_DIR", "~/.claude-work"}}},
                           {"home", {{"ANTHROPIC_API_KEY", "$HOME_KEY"}}}});
  CHECK(good.config.candidates("claude") == Lines{"claude@work", "claude@home"});
  CHECK(good.config.candidates("claude@home") == Lines{"claude@home"});
  CHECK(good.config.candidates("codex") == Lines{"codex"});
  CHECK(good.config.backend("claude@home") == good.config.backend("claude"));
  CHECK(good.config.backend("claude@other") == nullptr);
  CHECK(good.config.backend("codex@home") == nullptr);
  CHECK(good.config.backend("claude@") == nullptr);
}

TEST_CASE("a mistake in a login is reported with its place") {
  const std::string name = "[[backends.claude.logins]]\nname = \"work\"\n";
  CHECK(problems_of("[[backends.claude.logins]]\nnam = \"work\"\n") ==
        Lines{"user.toml:1:1: backends.claude.logins[0].name: must be set",
              "user.toml:2:1: backends.claude.logins[0].nam: unknown key -> did you mean `name`?"});
  CHECK(problems_of(name + name) ==
        Lines{"user.toml:1:1: backends.claude.logins[1].name: \"work\" is the name of another login"});
  CHECK(problems_of("[[backends.claude.logins]]\nname = \"a@b\"\n").size() == 1);
  CHECK(problems_of(name + "env = \"x\"\n") ==
        Lines{"user.toml:3:7: backends.claude.logins[0].env: expected a table of variables, found the string \"x\""});
  CHECK(problems_of(name + "env = { CODEX_HOME = 5 }\n").size() == 1);
  CHECK(problems_of(name + "env = { \"A B\" = \"x\" }\n").size() == 1);
  CHECK(problems_of(name + "env = { DELEGATE_DEPTH = \"0\" }\n").size() == 1);
  CHECK(problems_of(name + "env = { CODEX_HOME = \"$\" }\n").size() == 1);
  CHECK(problems_of(name + "env = { ANTHROPIC_API_KEY = \"sk-ant-1234\" }\n") ==
        Lines{"user.toml:3:9: backends.claude.logins[0].env.ANTHROPIC_API_KEY: must not be a secret -> put the "
              "secret in an environment variable and name it here: \"$WORK_KEY\""});
  CHECK(problems_of("[[backends.ollama.logins]]\nname = \"x\"\n").size() == 1);
}

TEST_CASE("a secret in a login is refused in any variable, and never repeated") {
  const std::string name = "[[backends.claude.logins]]\nname = \"work\"\n";
  const std::string key = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789";
  for (const std::string& line :
       {"env = { ANTHROPIC_API_KEY = \"" + key + "\" }", "env = { HARMLESS = \"" + key + "\" }",
        "env = { ANTHROPIC_API_KEY = \"$" + key + "\" }", "env = { HARMLESS = \"$" + key + "\" }"}) {
    CAPTURE(line);
    const Lines problems = problems_of(name + line + "\n");
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems[0], Catch::Contains("must not be a secret -> put the secret in an environment variable"));
    CHECK(problems[0].find("sk-ant") == std::string::npos);
  }
  const Lines other = problems_of(name + "env = { CODEX_HOME = \"$hunter 2\" }\n");
  REQUIRE(other.size() == 1);
  CHECK(other[0].find("hunter") == std::string::npos);
}

TEST_CASE("orders name each known backend at most once") {
  CHECK(problems_of("[router]\norder = [\"claude\", \"gemni\"]\n") ==
        Lines{"user.toml:2:9: router.order: \"gemni\" is not a backend -> did you mean `gemini`?"});
  CHECK(problems_of("[router]\norder_light = [\"ollama\", \"claude\", \"ollama\", \"ollama\"]\n") ==
        Lines{"user.toml:2:15: router.order_light: \"ollama\" is listed more than once"});
  CHECK(problems_of("[router]\norder = [\"mine\"]\n[backends.mine]\nkind = \"claude\"\n").empty());
  CHECK(problems_of("[router]\norder = []\n").empty());
  CHECK(problems_of("[router]\nheavy_types = [\"reveiw\"]\n") ==
        Lines{"user.toml:2:16: router.heavy_types: must be one of summarize, explain, docstring, review, ask, test, "
              "diagnose, improve, is \"reveiw\" -> did you mean `review`?"});
}

TEST_CASE("a budget needs a state that outlives the process") {
  const std::string memory = "[state]\nstore = \"memory\"\n";
  CHECK(problems_of(memory).empty());
  CHECK(
      problems_of(memory + GENERATE("[budget]\nday = \"3 calls\"\n", "[backends.codex]\nbudget.day = \"3 calls\"\n")) ==
      Lines{"user.toml:2:9: state.store: budgets need a state that outlives the process -> \"sqlite\", or remove the "
            "budgets"});
}

TEST_CASE("router.local is a local model or empty") {
  CHECK(problems_of("[router]\nlocal = \"\"\n").empty());
  CHECK(problems_of("[router]\nlocal = \"x\"\n[backends.x]\nkind = \"openai\"\nurl = \"http://h\"\n").empty());
  CHECK(problems_of("[router]\nlocal = \"claude\"\n") ==
        Lines{"user.toml:2:9: router.local: must be a local model (kind ollama or openai), claude is of kind claude -> "
              "use \"\" for none"});
  CHECK(problems_of("[router]\nlocal = \"olama\"\n") ==
        Lines{"user.toml:2:9: router.local: \"olama\" is not a backend -> did you mean `ollama`?"});
  CHECK(problems_of("[backends.ollama]\nkind = \"claude\"\n") ==
        Lines{"user.toml:2:8: router.local: must be a local model (kind ollama or openai), ollama is of kind claude -> "
              "use \"\" for none"});
}
