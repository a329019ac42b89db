#include "tests/unit/backends/http_backend.hpp"

// The local model before anything is asked of it: which one, with how large a window.
using namespace delegate;
using namespace delegate::test;

namespace {

constexpr const char* kTags = R"({"models":[
  {"name":"old:7b","modified_at":"2025-01-01T00:00:00Z","capabilities":["completion"]},
  {"name":"new:latest","modified_at":"2026-06-01T00:00:00Z","capabilities":["completion","tools"]},
  {"name":"newest-embed:latest","modified_at":"2026-09-01T00:00:00Z","capabilities":["embedding"]},
  {"name":"big:120b-cloud","modified_at":"2026-10-01T00:00:00Z","capabilities":["completion"]},
  {"name":"far:8b","modified_at":"2026-10-02T00:00:00Z","remote_host":"https://ollama.com:443"}]})";

Task ollama_task(std::size_t prompt_bytes = 100) {
  Task task = task_of("ollama");
  task.settings.command.clear();
  task.prompt = std::string(prompt_bytes, 'x');
  return task;
}

std::vector<HttpResult> lookups(const std::string& loaded = R"({"models":[]})", const std::string& tags = kTags) {
  return {response(200, tags), response(200, loaded)};
}

std::string chosen(const Task& task, const std::vector<HttpResult>& answers) {
  return sent(http_call(task, answers))["model"].get<std::string>();
}
std::string chosen_from(const std::string& rows) {
  return chosen(ollama_task(), lookups("{}", R"({"models":[)" + rows + "]}"));
}

std::vector<HttpResult> with_window(const std::string& length) {
  auto answers = lookups();
  answers.push_back(response(200, R"({"model_info":{"general.architecture":"x","x.context_length":)" + length + "}}"));
  return answers;
}

int window_of(const Task& task, const std::vector<HttpResult>& answers) {
  return sent(http_call(task, answers))["options"].value("num_ctx", 0);
}

}  // namespace

TEST_CASE("ollama: asks what is installed, what is loaded, and what the chosen model is") {
  const Backend& backend = backend_of("ollama");
  const Task task = ollama_task();
  auto first = backend.lookup(task, {});
  REQUIRE(first.has_value());
  CHECK(first->method == "GET");
  CHECK(first->url == "http://127.0.0.1:11434/api/tags");
  CHECK_FALSE(backend.lookup(task, {response(404, "")}).has_value());
  auto second = backend.lookup(task, {response(200, kTags)});
  REQUIRE(second.has_value());
  CHECK(second->url == "http://127.0.0.1:11434/api/ps");
  auto third = backend.lookup(task, lookups());
  REQUIRE(third.has_value());
  CHECK(third->method == "POST");
  CHECK(third->url == "http://127.0.0.1:11434/api/show");
  CHECK(sent(*third) == Json{{"model", "new:latest"}});
  CHECK_FALSE(backend.lookup(task, with_window("8192")).has_value());
  CHECK_FALSE(backend.lookup(ollama_task(40'000), with_window("8192")).has_value());
}

TEST_CASE("ollama: uses the address of the settings, or else of OLLAMA_HOST") {
  Task task = ollama_task();
  task.environment["OLLAMA_HOST"] = "0.0.0.0:9999";
  CHECK(backend_of("ollama").endpoint(task) == "http://127.0.0.1:9999");
  task.settings.url = "https://models.example/ollama/";
  CHECK(http_call(task, lookups()).url == "https://models.example:443/ollama/api/chat");
  const Call version = backend_of("ollama").version_call(task);
  CHECK(std::get<HttpRequest>(version).url == "https://models.example:443/ollama/api/version");
}

TEST_CASE("ollama: no server at the default address and no program means not installed; elsewhere it means down") {
  const HttpResult refused{.end = HttpEnd::unreachable, .message = "curl's words"};
  Task task = ollama_task();
  task.executable.clear();
  const Failure absent = judge_stream(task, refused);
  CHECK(absent.outcome == Outcome::not_installed);
  CHECK(absent.message == "ollama is not on the PATH, and nothing listens at http://127.0.0.1:11434");

  SECTION("its program is here") { task.executable = "/usr/bin/ollama"; }
  SECTION("the settings name a place") { task.settings.url = "http://127.0.0.1:11434"; }
  SECTION("OLLAMA_HOST names a place") { task.environment["OLLAMA_HOST"] = "127.0.0.1"; }
  const Failure down = judge_stream(task, refused);
  CHECK(down.outcome == Outcome::unreachable);
  CHECK(down.message == "curl's words");
}

TEST_CASE("ollama: asks the configured model, else a loaded one, else the newest") {
  Task task = ollama_task();
  CHECK(chosen(task, lookups()) == "new:latest");
  CHECK(chosen(task, lookups(R"({"models":[{"name":"old:7b"}]})")) == "old:7b");
  CHECK(chosen(task, {response(200, kTags), response(500, "oops")}) == "new:latest");
  task.model = "old:7b";
  CHECK(chosen(task, lookups()) == "old:7b");
  CHECK(chosen(task, lookups(R"({"models":[{"name":"new:latest"}]})")) == "old:7b");
}

TEST_CASE("ollama: never a remote model by chance, but a named one") {
  CHECK(chosen(ollama_task(), lookups(R"({"models":[{"name":"big:120b-cloud"},{"name":"far:8b"}]})")) == "new:latest");
  CHECK(chosen_from(R"({"name":"a:cloud","modified_at":"2026-01-02"},{"name":"b","modified_at":"2026-01-01"})") == "b");
  Task task = ollama_task();
  task.model = "far:8b";
  CHECK(chosen(task, lookups()) == "far:8b");
}

TEST_CASE("ollama: a model that only its own description calls remote is passed over for the next") {
  const Backend& backend = backend_of("ollama");
  const Task task = ollama_task();
  auto answers = lookups();
  answers.push_back(response(200, R"({"remote_host":"https://ollama.com:443","remote_model":"new"})"));
  auto next = backend.lookup(task, answers);
  REQUIRE(next.has_value());
  CHECK(sent(*next) == Json{{"model", "old:7b"}});
  answers.push_back(response(200, "{}"));
  CHECK_FALSE(backend.lookup(task, answers).has_value());
  CHECK(chosen(task, answers) == "old:7b");
  answers.back().body = R"({"remote_host":"elsewhere"})";
  CHECK_FALSE(backend.lookup(task, answers).has_value());
  CHECK(refusal(task, answers).message == "no local model for chats is installed (installed: newest-embed:latest)");
}

TEST_CASE("ollama: a remote model is asked only when it is named in full") {
  const std::string rows = R"({"models":[{"name":"far:latest","remote_host":"https://ollama.com"},{"name":"a:1b"}]})";
  Task task = ollama_task();
  task.model = "far";
  const Failure failure = refusal(task, lookups("{}", rows));
  CHECK(failure.outcome == Outcome::model_rejected);
  CHECK_THAT(failure.message, Catch::Contains("does not run on this machine") && Catch::Contains("far:latest"));
  auto shown = lookups("{}", R"({"models":[{"name":"far:latest"},{"name":"a:1b"}]})");
  shown.push_back(response(200, R"({"remote_host":"https://ollama.com"})"));
  CHECK(refusal(task, shown).outcome == Outcome::model_rejected);
  task.model = "Far:latest";
  CHECK(chosen(task, lookups("{}", rows)) == "far:latest");
  CHECK(chosen(task, shown) == "far:latest");
  CHECK_FALSE(backend_of("ollama").lookup(task, shown).has_value());
}

TEST_CASE("ollama: never an embedding model by chance, on old servers by its looks") {
  CHECK(chosen(ollama_task(), lookups(R"({"models":[{"name":"newest-embed:latest"}]})")) == "new:latest");
  CHECK(chosen_from(R"({"name":"nomic-Embed-text:latest","modified_at":"2026-02-01"},{"name":"a:1b"})") == "a:1b");
  CHECK(chosen_from(R"({"name":"minilm:33m","modified_at":"2026","details":{"family":"bert"}},{"name":"a:1b"})") ==
        "a:1b");
}

TEST_CASE("ollama: one model may be named in several ways") {
  for (const char* name : {"new", "new:latest", "NEW", "library/new", "registry.ollama.ai/library/new:latest"}) {
    INFO(name);
    Task task = ollama_task();
    task.model = name;
    CHECK(chosen(task, lookups()) == "new:latest");
  }
  Task task = ollama_task();
  task.model = "hf.co/someone/thing:Q4";
  CHECK(chosen(task, lookups("{}", R"({"models":[{"name":"hf.co/someone/Thing:Q4"}]})")) == "hf.co/someone/Thing:Q4");
}

TEST_CASE("ollama: a missing model is reported with the installed ones") {
  Task task = ollama_task();
  for (const char* name : {"qwen3", "old", "new:7b", "other/new"}) {
    INFO(name);
    task.model = name;
    const Failure failure = refusal(task, lookups());
    CHECK(failure.outcome == Outcome::model_rejected);
    CHECK_THAT(failure.message, Catch::Contains("'" + std::string(name) + "' is not installed") &&
                                    Catch::Contains("old:7b, new:latest"));
  }
  CHECK_THAT(refusal(task, lookups("{}", "{}")).message, Catch::Contains("installed: none"));
  task.model.clear();
  CHECK(refusal(task, lookups("{}", R"({"models":[{"name":"a:cloud"}]})")).outcome == Outcome::model_rejected);
  CHECK(refusal(task, lookups("{}", R"({"models":[]})")).message == "no local model is installed");
}

TEST_CASE("ollama: another server at its address is recognized") {
  const Failure other = refusal(ollama_task(), {response(404, R"({"error":{"message":"File Not Found"}})")});
  CHECK(other.outcome == Outcome::bad_output);
  CHECK_THAT(other.message, Catch::Contains("does not speak Ollama's API") && Catch::Contains("404"));
  CHECK(refusal(ollama_task(), {response(403, "")}).outcome == Outcome::blocked);
  CHECK(refusal(ollama_task(), {response(401, R"({"error":"unauthorized"})")}).outcome == Outcome::unauthenticated);
  CHECK(refusal(ollama_task(), {response(503, "busy")}).outcome == Outcome::overloaded);
}

TEST_CASE("ollama: the request bounds the answer, forbids cutting the prompt and keeps the model loaded") {
  Task task = ollama_task();
  task.prompt = "hello";
  task.system = "be brief";
  task.settings.max_tokens = 123;
  const HttpRequest request = http_call(task, lookups());
  CHECK(request.method == "POST");
  CHECK(request.url == "http://127.0.0.1:11434/api/chat");
  CHECK(request.headers == std::vector<std::string>{"Content-Type: application/json"});
  const Json body = sent(request);
  CHECK(body["stream"] == true);
  CHECK(body["truncate"] == false);
  CHECK(body["think"] == false);
  CHECK(body["keep_alive"] == "15m");
  CHECK(body["options"] == Json{{"num_predict", 123}});
  task.settings.max_tokens = 0;
  CHECK(sent(http_call(task, lookups()))["options"] == Json::object());
  task.settings.api_key_env = "MY_KEY";
  task.environment["MY_KEY"] = "secret";
  CHECK(http_call(task, lookups()).headers ==
        std::vector<std::string>{"Content-Type: application/json", "Authorization: Bearer secret"});
  CHECK(backend_of("ollama").lookup(task, {})->headers == std::vector<std::string>{"Authorization: Bearer secret"});
  CHECK(body["messages"] ==
        Json::array({{{"role", "system"}, {"content", "be brief"}}, {{"role", "user"}, {"content", "hello"}}}));
}

TEST_CASE("ollama: a prompt that is not UTF-8 is sent as near as JSON can say it") {
  Task task = ollama_task();
  task.prompt =
      "a\xFF"
      "b";
  CHECK(sent(http_call(task, lookups()))["messages"][0]["content"] ==
        "a\xEF\xBF\xBD"
        "b");
}

TEST_CASE("ollama: the window grows in powers of two, up to what the model takes") {
  struct Row {
    std::size_t bytes;
    const char* longest;
    int window;
  };
  // About 3.5 bytes make a token, and 2048 tokens are kept for the answer.
  const Row rows[] = {{100, "131072", 0},          {7'000, "131072", 0},      {7'200, "131072", 8192},
                      {20'000, "131072", 8192},    {22'000, "131072", 16384}, {100'000, "131072", 32768},
                      {100'000, "40960", 32768},   {110'000, "40960", 40960}, {140'000, "40960", 40960},
                      {400'000, "131072", 131072}, {100'000, "0", 32768},     {100'000, "\"text\"", 32768}};
  for (const Row& row : rows) {
    INFO(row.bytes << " bytes, model takes " << row.longest);
    CHECK(window_of(ollama_task(row.bytes), with_window(row.longest)) == row.window);
  }
  CHECK(window_of(ollama_task(100'000), lookups()) == 32768);  // the model did not say
}

TEST_CASE("ollama: a loaded model keeps its window while that is large enough") {
  const auto loaded = [](const char* length) {
    return lookups(R"({"models":[{"name":"new:latest","context_length":)" + std::string(length) + "}]}");
  };
  CHECK(window_of(ollama_task(), loaded("32768")) == 32768);
  CHECK(window_of(ollama_task(60'000), loaded("32768")) == 32768);
  CHECK(window_of(ollama_task(20'000), loaded("4096")) == 8192);
  CHECK(window_of(ollama_task(), loaded("\"text\"")) == 0);
  Task task = ollama_task();
  task.settings.num_ctx = 5000;
  CHECK(window_of(task, loaded("32768")) == 5000);
}

TEST_CASE("ollama: loads the model first, with the window of the question to come, unless that is loaded") {
  const Backend& backend = backend_of("ollama");
  const Task task = ollama_task();
  auto load = backend.load(task, lookups());
  REQUIRE(load.has_value());
  CHECK(load->model == "new:latest");
  CHECK(load->request.url == "http://127.0.0.1:11434/api/chat");
  CHECK(sent(load->request) == Json{{"model", "new:latest"},
                                    {"stream", false},
                                    {"keep_alive", "15m"},
                                    {"messages", Json::array()},
                                    {"options", Json::object()}});
  load = backend.load(ollama_task(20'000), lookups());
  REQUIRE(load.has_value());
  CHECK(sent(load->request)["options"] == Json{{"num_ctx", 8192}});

  const std::string loaded = R"({"models":[{"name":"new:latest","context_length":4096}]})";
  CHECK_FALSE(backend.load(task, lookups(loaded)).has_value());
  CHECK(backend.load(ollama_task(20'000), lookups(loaded)).has_value());  // with a larger window
  CHECK_FALSE(backend.load(task, lookups(R"({"models":[{"name":"new:latest"}]})")).has_value());
}

TEST_CASE("ollama: no model is loaded where none can be") {
  const Backend& backend = backend_of("ollama");
  Task task = ollama_task();
  CHECK_FALSE(backend.load(task, {}).has_value());
  CHECK_FALSE(backend.load(task, {response(200, kTags)}).has_value());
  CHECK_FALSE(backend.load(task, lookups("{}", "garbage")).has_value());
  task.model = "big:120b-cloud";
  CHECK_FALSE(backend.load(task, lookups()).has_value());
}

TEST_CASE("ollama: a configured window is taken as it is") {
  Task task = ollama_task();
  task.settings.num_ctx = 5000;
  CHECK(window_of(task, lookups()) == 5000);
  task.prompt = std::string(20'000, 'x');
  CHECK(refusal(task, lookups()).outcome == Outcome::context_too_long);
}

TEST_CASE("ollama: a prompt that cannot fit is not sent") {
  const Failure failure = refusal(ollama_task(160'000), with_window("40960"));
  CHECK(failure.outcome == Outcome::context_too_long);
  CHECK_THAT(failure.message, Catch::Contains("about 45714 tokens") && Catch::Contains("new:latest takes 40960"));
}

TEST_CASE("ollama: a window that is out of range or no number is ignored") {
  for (const char* length : {"4294967297", "9223372036854775807", "18446744073709551615", "-5", "1e400", "null"}) {
    INFO(length);
    CHECK(window_of(ollama_task(100'000), with_window(length)) == 32768);
  }
}

TEST_CASE("ollama: a list of many models is looked through in one pass, and not more than 10,000 of them") {
  std::string rows;
  for (int i = 0; i < 12'000; ++i) rows += (i == 0 ? "" : ",") + ("{\"name\":\"m" + std::to_string(i)) + "\"}";
  const std::string list = R"({"models":[)" + rows + "]}";
  Task task = ollama_task();
  CHECK(chosen(task, lookups(list, list)) == "m0");
  task.model = "m10000";
  const Failure refused = refusal(task, lookups(list, list));
  CHECK(refused.outcome == Outcome::model_rejected);
  CHECK(refused.message.ends_with("m11, and 9988 more)"));
}

TEST_CASE("ollama: a server that calls each model remote is asked about some of them only") {
  std::string rows;
  for (int i = 0; i < 100; ++i) rows += (i == 0 ? "" : ",") + ("{\"name\":\"m" + std::to_string(i)) + "\"}";
  auto answers = lookups("{}", R"({"models":[)" + rows + "]}");
  int asked = 0;
  while (backend_of("ollama").lookup(ollama_task(), answers)) {
    REQUIRE(++asked < 50);
    answers.push_back(response(200, R"({"remote_host":"https://ollama.com"})"));
  }
  CHECK(refusal(ollama_task(), answers).outcome == Outcome::model_rejected);
}
