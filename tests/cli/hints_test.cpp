#include <catch2/catch.hpp>

#include <algorithm>
#include <regex>
#include <set>

#include "backends/registry.hpp"
#include "core/config/load.hpp"
#include "core/config/schema.hpp"
#include "core/run/hints.hpp"
#include "tests/cli/cli.hpp"
#include "tests/cli/surface.hpp"

// Every outcome has a hint for each kind of backend, and what the hint names exists.
using namespace delegate;
using namespace delegate::test;
using namespace std::chrono_literals;

namespace {

std::vector<Outcome> all_outcomes() {
  std::vector<Outcome> out;
  for (int i = 0; i <= static_cast<int>(Outcome::internal); ++i) out.push_back(static_cast<Outcome>(i));
  return out;
}

/// No call ends with these: they are why none was made.
bool is_only_of_runs(Outcome outcome) {
  return outcome == Outcome::reserved || outcome == Outcome::extra_billing || outcome == Outcome::budget_exhausted;
}

bool is_to_act_on(Outcome outcome) {
  return !is_answer(outcome) && outcome != Outcome::cancelled && !is_only_of_runs(outcome);
}

Task task_at(std::string_view kind) {
  const config::Choices kinds = config::backend_kinds();
  REQUIRE(std::find(kinds.begin(), kinds.end(), kind) != kinds.end());
  Task task;
  task.settings = config::kind_defaults(std::string(kind));
  task.settings.name = "mine";
  task.settings.kind = std::string(kind);
  if (task.settings.command.empty() && find_backend(kind)->is_process()) task.settings.command = {"tool"};
  return task;
}

/// Everything that may be known about a call, and nothing but what always is.
std::vector<std::string> hints_of(std::string_view kind, Outcome outcome) {
  const Backend& backend = *find_backend(kind);
  Task bare = task_at(kind);
  Task full = bare;
  full.model = "gemma";
  full.session = "0199";
  for (const char* key : {"ANTHROPIC_API_KEY", "CODEX_API_KEY", "GEMINI_API_KEY"})
    full.environment[key] = "value-of-key";
  full.settings.env_keep.clear();
  return {hint_for(backend, bare, {.outcome = outcome}),
          hint_for(backend, full, {.outcome = outcome, .retry_after = 90s, .limit = "idle_timeout"})};
}

std::vector<std::string> all_hints() {
  std::vector<std::string> all;
  for (const std::string_view kind : config::backend_kinds()) {
    for (const Outcome outcome : all_outcomes())
      for (std::string& hint : hints_of(kind, outcome)) all.push_back(std::move(hint));
    for (int i = 0; i <= static_cast<int>(SkipReason::cannot_write); ++i)
      all.push_back(hint_for(*find_backend(kind), task_at(kind), Skip{.backend = "mine", .reason = SkipReason(i)}));
  }
  for (const Outcome outcome : all_outcomes()) all.emplace_back(hint_for_no_backend(outcome));
  for (const char* tool : {"Read", "Bash"})
    for (const Access access : {Access::read_only, Access::write}) all.push_back(hint_for_denied(tool, access));
  all.emplace_back(hint_for_broken_answer());
  all.emplace_back(hint_for_half_change());
  all.emplace_back(hint_for_secret_argument());
  return all;
}

std::set<std::string> found(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::set<std::string> out;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
    out.insert((*at)[at->size() > 1 ? 1 : 0]);
  return out;
}

/// Keys that a hint names, as they are documented, and those that a kind has (any kind: all of them).
std::set<std::string> keys_in(const std::string& hint) {
  std::set<std::string> keys;
  for (std::string key : found(hint, "\\b(?:backends|router)\\.[a-zA-Z_.]+[a-z]")) {
    if (const std::size_t at = key.find(".mine."); at != std::string::npos) key.replace(at + 1, 4, "NAME");
    keys.insert(key);
  }
  return keys;
}

std::set<std::string> keys_of(std::string_view kind) {
  std::set<std::string> names;
  for (const KeyInfo& key : known_keys())
    if (kind.empty() || key.kinds.empty() || std::find(key.kinds.begin(), key.kinds.end(), kind) != key.kinds.end())
      names.insert(key.name);
  return names;
}

}  // namespace

TEST_CASE("every outcome that the user can act on has a hint for every kind of backend, and no other has") {
  for (const std::string_view kind : config::backend_kinds())
    for (const Outcome outcome : all_outcomes())
      for (const std::string& hint : hints_of(kind, outcome)) {
        INFO(kind << ", " << to_string(outcome) << ": " << hint);
        CHECK(hint.empty() != is_to_act_on(outcome));
        CHECK(hint.find_first_of("{}\n") == std::string::npos);
        CHECK(hint.find("value-of-key") == std::string::npos);
        CHECK_FALSE(hint.ends_with('.'));
      }
}

TEST_CASE("a run without a call has a hint if quota or a budget was kept") {
  for (const Outcome outcome : all_outcomes())
    if (is_only_of_runs(outcome)) CHECK_FALSE(hint_for_no_backend(outcome).empty());
}

TEST_CASE("a hint names commands, options and keys that exist") {
  Cli cli;
  const std::vector<Described> surface = described(cli);
  const std::set<std::string> commands = commands_of(surface);
  std::set<std::string> options;
  for (const Described& one : surface) options.insert(one.names.begin(), one.names.end());
  std::set<std::string> named;
  for (const std::string& hint : all_hints()) {
    INFO(hint);
    for (const std::string& command : found(hint, "`delegate ([a-z]+( (reset|show|check))?)")) {
      CHECK(commands.count(command) == 1);
      named.insert(command);
    }
    for (const std::string& option : found(hint, "(?:^|[ (`])(--?[a-zA-Z][a-z-]*)")) {
      CHECK(
          (options.count(option) == 1 || hint.starts_with("npm install -g") || hint.find("`ulimit -a`") < hint.size()));
      named.insert(option);
    }
    for (const std::string& key : keys_in(hint)) {
      CHECK(keys_of("").count(key) == 1);
      named.insert(key);
    }
  }
  for (const char* expected :
       {"breaker reset", "ping", "--write", "-f", "backends.NAME.max_parallel", "router.timeout"})
    CHECK(named.count(expected) == 1);
}

TEST_CASE("a hint for a kind names only keys that the kind has") {
  for (const std::string_view kind : config::backend_kinds())
    for (const Outcome outcome : all_outcomes())
      for (const std::string& hint : hints_of(kind, outcome))
        for (const std::string& key : keys_in(hint)) {
          INFO(kind << ": " << hint);
          CHECK(keys_of(kind).count(key) == 1);
        }
}

TEST_CASE("a hint contains the facts of this call") {
  const Task claude = task_at("claude");
  const Backend& backend = *find_backend("claude");
  CHECK(hint_for(backend, claude, {.outcome = Outcome::idle_timed_out, .limit = "idle_timeout"}) ==
        "run `claude` to see whether it works; if it does, raise backends.mine.idle_timeout");
  CHECK(hint_for(backend, claude, {.outcome = Outcome::quota_exhausted, .retry_after = 2h}) ==
        "wait 2 h, or choose another backend with -b");
  CHECK(hint_for(backend, claude, {.outcome = Outcome::spawn_failed, .hint = "set HOME"}) == "set HOME");
  Task local = task_at("ollama");
  local.model = "gemma";
  CHECK(hint_for(*find_backend("ollama"), local, {.outcome = Outcome::model_rejected}) == "ollama pull gemma");
}

TEST_CASE("a hint names a variable that is withheld from a CLI, without its value") {
  Task task = task_at("claude");
  task.environment["ANTHROPIC_API_KEY"] = "secret-value";
  const Failure refused{.outcome = Outcome::unauthenticated};
  const std::string hint = hint_for(*find_backend("claude"), task, refused);
  CHECK_THAT(hint, Catch::Contains("backends.mine.env.keep") && !Catch::Contains("secret-value"));
  task.settings.env_keep = {"ANTHROPIC_API_KEY"};
  CHECK(hint_for(*find_backend("claude"), task, refused) == "run `claude` and sign in with /login");
}

TEST_CASE("a backend that is requested by name and unavailable has its own hint") {
  Cli cli;
  cli.run("ask -b codex hello").expect(5).stderr_has("hint: npm install -g @openai/codex\n");
  cli.config("[backends.codex]\nenabled = false\n");
  cli.run("ask -b codex hello").expect(5).stderr_has("hint: set backends.codex.enabled = true\n");
}
