#include "tests/unit/backends/captured.hpp"

// Gemini's telemetry, as the real CLI wrote it while its request for the model to use was answered with nothing.
using namespace delegate;
using namespace delegate::test;

namespace {

const std::string kSession = "977fa10f-c05f-4f09-97ad-785685dbe7aa";

ParsedOutput started() {
  ParsedOutput parsed;
  parsed.session_id = kSession;
  return parsed;
}

void read_log(ParsedOutput& parsed, const std::string& text) {
  Lines lines;
  lines.feed(text,
             [&](std::string_view line) { backend_of("gemini").read(parsed, task_of("gemini"), Stream::log, line); });
}

std::string event(const std::string& name, const std::string& facts, const std::string& session = kSession) {
  return "{\n  \"attributes\": {\n    \"session.id\": \"" + session + "\",\n    \"event.name\": \"gemini_cli." + name +
         "\",\n    " + facts + "\n  }\n}\n";
}
std::string request(const std::string& role) { return event("api_request", "\"role\": \"" + role + "\""); }
std::string repetition(int attempt, const std::string& type = "Error", const std::string& session = kSession) {
  return event("network_retry_attempt",
               "\"attempt\": " + std::to_string(attempt) + ",\n    \"error_type\": \"" + type + "\"", session);
}
std::string router(int attempt) { return request("utility_router") + repetition(attempt); }

bool is_pointless(const ParsedOutput& parsed) {
  return parsed.failure && end_of_retries(*parsed.failure, std::nullopt).has_value();
}

std::string fixture() { return contents(Path(SOURCE_DIRECTORY) / "tests/fixtures/gemini_log/router_gets_nothing"); }

std::optional<OwnLog> log_of(const Task& task) {
  const auto call = backend_of("gemini").prepare(task, {});
  REQUIRE(call.has_value());
  return std::get<ProcessCall>(*call).log;
}

bool lists(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("gemini's second useless answer about the model to use makes further repetition pointless") {
  const std::string log = fixture();
  const std::size_t second = log.find("\"event.name\": \"gemini_cli.api_request\"", log.find("network_retry_attempt"));
  REQUIRE(second != std::string::npos);
  ParsedOutput parsed = started();
  read_log(parsed, log.substr(0, log.rfind("{\n  \"hrTime\"", second)));
  REQUIRE(parsed.failure.has_value());
  CHECK_FALSE(is_pointless(parsed));
  read_log(parsed, log.substr(log.rfind("{\n  \"hrTime\"", second)));
  CHECK(is_pointless(parsed));
  CHECK(parsed.failure->outcome == Outcome::bad_output);
  CHECK_THAT(parsed.failure->hint, Catch::Contains("name a model"));
}

TEST_CASE("a record of gemini's log may come on one line") {
  ParsedOutput parsed = started();
  std::string log = router(2);
  for (const char* gap : {"\n    ", "\n  "})
    for (std::size_t at; (at = log.find(gap)) != std::string::npos;) log.erase(at, std::string(gap).size());
  for (std::size_t at; (at = log.find("\n}")) != std::string::npos;) log.erase(at, 1);
  for (std::size_t at; (at = log.find("{\n")) != std::string::npos;) log.erase(at + 1, 1);
  REQUIRE(std::count(log.begin(), log.end(), '\n') == 2);
  read_log(parsed, log);
  CHECK(is_pointless(parsed));
}

TEST_CASE("once gemini asks for the answer itself, the earlier repetition is over") {
  ParsedOutput parsed = started();
  read_log(parsed, router(2));
  REQUIRE(is_pointless(parsed));
  read_log(parsed, request("main"));
  CHECK_FALSE(parsed.failure.has_value());
  read_log(parsed, repetition(3));
  CHECK_FALSE(parsed.failure.has_value());
}

TEST_CASE("what gemini repeats while it works already is left alone") {
  ParsedOutput parsed = started();
  SECTION("for a helper model") { read_log(parsed, request("main") + request("utility_edit_corrector")); }
  SECTION("for the answer itself") { read_log(parsed, request("main")); }
  SECTION("after the first words") {
    parsed.draft = "well";
    read_log(parsed, request("utility_router"));
  }
  read_log(parsed, repetition(3));
  CHECK_FALSE(parsed.failure.has_value());
}

TEST_CASE("an error that gemini reports on stderr keeps its reason from there") {
  ParsedOutput parsed = started();
  read_log(parsed, request("utility_router") + repetition(2, "SERVER_ERROR"));
  CHECK_FALSE(parsed.failure.has_value());
  parsed.failure = Failure{.outcome = Outcome::rate_limited, .message = "slow down", .retrying = Retrying{}};
  read_log(parsed, router(2) + request("main"));
  REQUIRE(parsed.failure.has_value());
  CHECK(parsed.failure->outcome == Outcome::rate_limited);
}

TEST_CASE("the log of another gemini, or of one that has not named its session, is not read") {
  ParsedOutput parsed = started();
  read_log(parsed, request("utility_router") + repetition(2, "Error", "another"));
  CHECK_FALSE(parsed.failure.has_value());
  ParsedOutput unknown;
  read_log(unknown, router(2));
  CHECK_FALSE(unknown.failure.has_value());
}

TEST_CASE("damaged records of gemini's log are skipped") {
  ParsedOutput parsed = started();
  read_log(parsed,
           "}\n\n{\n  \"attributes\": {\n" + std::string("\xff\x00{", 3) + "\n}\n{\n  half of one\n" + router(2));
  CHECK(is_pointless(parsed));
  CHECK(parsed.log.record.empty());
}

TEST_CASE("a record of gemini's log that never ends is dropped") {
  ParsedOutput parsed = started();
  read_log(parsed, "{\n");
  for (int line = 0; line < 3000; ++line) read_log(parsed, std::string(1000, ' ') + "\n");
  CHECK(parsed.log.record.size() < (2u << 20));
  read_log(parsed, router(2));
  CHECK(is_pointless(parsed));
}

TEST_CASE("gemini writes a log without prompts if it chooses the model itself and may start no programs") {
  Task task = task_of("gemini");
  task.environment = {{"HOME", "/home/you"}};
  task.cwd = "/srv/project";
  const auto log = log_of(task);
  REQUIRE(log.has_value());
  CHECK(log->path_variable == "GEMINI_TELEMETRY_OUTFILE");
  CHECK(lists(log->env, "GEMINI_TELEMETRY_LOG_PROMPTS=false"));
  SECTION("also among the models of one generation") {
    task.model = "auto-gemini-3";
    CHECK(log_of(task).has_value());
  }
  SECTION("not with a model of its own") {
    task.model = "gemini-2.5-flash";
    CHECK_FALSE(log_of(task).has_value());
  }
  SECTION("not with --write") {
    task.access = Access::write;
    CHECK_FALSE(log_of(task).has_value());
  }
}

TEST_CASE("gemini's own telemetry is never changed for a person who uses it") {
  Task task = task_of("gemini");
  task.environment = {{"HOME", "/home/you"}, {"GEMINI_CLI_HOME", "/home/moved"}};
  task.cwd = "/srv/project";
  const auto log = log_of(task);
  REQUIRE(log.has_value());
  CHECK(log->word == "telemetry");
  for (const char* file : {"/etc/gemini-cli/settings.json", "/etc/gemini-cli/system-defaults.json",
                           "/home/moved/.gemini/settings.json", "/home/you/.gemini/.env", "/home/you/.env",
                           "/srv/project/.gemini/settings.json", "/srv/project/.env", "/srv/.gemini/.env", "/.env"}) {
    INFO(file);
    CHECK(lists(log->unless_in, file));
  }
  for (const char* variable : {"GEMINI_TELEMETRY_ENABLED", "GEMINI_TELEMETRY_OTLP_ENDPOINT",
                               "OTEL_EXPORTER_OTLP_ENDPOINT", "GEMINI_CLI_SYSTEM_SETTINGS_PATH"}) {
    INFO(variable);
    Task configured = task;
    configured.environment[variable] = "x";
    CHECK_FALSE(log_of(configured).has_value());
    configured = task;
    configured.login[variable] = "x";
    CHECK_FALSE(log_of(configured).has_value());
  }
}

TEST_CASE("a gemini inside another does not write to the outer one's log, which may be gone before it ends") {
  Task task = task_of("gemini");
  task.environment = {{"DELEGATE_RUN_ID", "1"},
                      {"GEMINI_TELEMETRY_ENABLED", "true"},
                      {"GEMINI_TELEMETRY_OUTFILE", "/run/delegate/call-abc/delegate-log"}};
  const auto env = [&] { return std::get<ProcessCall>(*backend_of("gemini").prepare(task, {})).env; };
  CHECK(lists(env(), "GEMINI_TELEMETRY_OUTFILE="));
  CHECK(lists(env(), "GEMINI_TELEMETRY_ENABLED=false"));
  task.environment["GEMINI_TELEMETRY_OUTFILE"] = "/home/you/log";
  CHECK(lists(env(), "GEMINI_TELEMETRY_OUTFILE=/home/you/log"));
  CHECK(lists(env(), "GEMINI_TELEMETRY_ENABLED=true"));
}
