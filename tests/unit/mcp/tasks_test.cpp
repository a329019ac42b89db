#include "tests/unit/mcp/talk.hpp"

using namespace delegate::mcp;

// The tasks of 2025-11-25.
namespace {

struct WithTasks : Talk {
  explicit WithTasks(Limits limits = {}) : Talk(limits) {
    TaskKeeping keeping;
    keeping.now = [this] { return now; };
    keeping.new_id = [this] { return "task-" + std::to_string(++named); };
    desk.offered.tasks = keeping;
    initialize("2025-11-25", {{"elicitation", Json::object()}});
  }
  /// The task of a new call.
  Json begin(Json task = Json::object(), const Json& id = 1) {
    Json params = ask_params();
    params["task"] = std::move(task);
    return reply_to("tools/call", params, id).at("result").at("task");
  }
  Json get(const std::string& name) { return reply_to("tasks/get", {{"taskId", name}}, "get"); }
  std::string status(const std::string& name) { return get(name).at("result").at("status"); }

  std::chrono::system_clock::time_point now{std::chrono::milliseconds{1'764'000'000'042}};
  int named = 0;
};

}  // namespace

TEST_CASE("a call becomes a task when the client wants one, and its result is kept") {
  WithTasks talk;
  CHECK(talk.reply_to("tools/list").at("result").at("tools")[0].at("execution") == Json{{"taskSupport", "optional"}});
  CHECK(talk.begin({{"ttl", 60'000}}) == Json::parse(R"({"taskId":"task-1","status":"working",
    "createdAt":"2025-11-24T16:00:00.042Z","lastUpdatedAt":"2025-11-24T16:00:00.042Z","ttl":60000,"pollInterval":2000})"));
  CHECK(talk.status("task-1") == "working");
  talk.now += std::chrono::seconds{5};
  CHECK(talk.finish("done"));
  CHECK(talk.heard().empty());
  CHECK(talk.get("task-1").at("result").at("lastUpdatedAt") == "2025-11-24T16:00:05.042Z");
  CHECK(talk.status("task-1") == "completed");
  for (int again = 0; again < 2; ++again) {
    const Json answer = talk.reply_to("tasks/result", {{"taskId", "task-1"}});
    CHECK(text_of(answer) == "done");
    CHECK(answer.at("result").at("_meta").at("io.modelcontextprotocol/related-task") == Json{{"taskId", "task-1"}});
  }
}

TEST_CASE("a request for a result waits until the task is done") {
  WithTasks talk;
  talk.begin();
  talk.ask("tasks/result", {{"taskId", "task-1"}}, "a");
  talk.ask("tasks/result", {{"taskId", "task-1"}}, "b");
  CHECK(talk.heard().empty());
  CHECK(code_of(talk.reply_to("ping", Json::object(), "a")) == -32600);
  talk.notify("notifications/cancelled", {{"requestId", "b"}});
  CHECK(talk.desk.stopped.empty());
  talk.finish("done");
  CHECK(talk.answer().at("id") == "a");
  CHECK(talk.reply_to("ping", Json::object(), "a").contains("result"));
}

TEST_CASE("a task whose tool failed has failed, and keeps the error's text") {
  WithTasks talk;
  talk.begin();
  talk.connection.finish(talk.last(), ToolResult{{Text{"no"}}, {}, true, nullptr});
  CHECK(talk.status("task-1") == "failed");
  CHECK(text_of(talk.reply_to("tasks/result", {{"taskId", "task-1"}})) == "no");
  talk.begin(Json::object(), 2);
  talk.connection.finish(talk.last(), Failure{Failure::Reason::internal, "broken", nullptr});
  CHECK(talk.status("task-2") == "failed");
  CHECK(code_of(talk.reply_to("tasks/result", {{"taskId", "task-2"}})) == -32603);
}

TEST_CASE("a task can be cancelled once, and stops") {
  WithTasks talk;
  talk.begin();
  const CallId id = talk.last();
  talk.ask("tasks/result", {{"taskId", "task-1"}}, "wait");
  talk.ask("tasks/cancel", {{"taskId", "task-1"}}, "cancel");
  const auto heard = talk.heard();
  REQUIRE(heard.size() == 2);
  CHECK(heard[0].at("id") == "wait");
  CHECK(heard[0].at("result").at("isError") == true);
  CHECK(heard[1].at("result").at("status") == "cancelled");
  CHECK(talk.desk.stopped == std::vector<CallId>{id});
  CHECK_FALSE(talk.finish(id, "late"));
  CHECK(code_of(talk.reply_to("tasks/cancel", {{"taskId", "task-1"}})) == -32602);
  SECTION("the request that began it has been answered: cancelling that is too late") {
    talk.begin(Json::object(), 2);
    talk.notify("notifications/cancelled", {{"requestId", 2}});
    CHECK(talk.status("task-2") == "working");
  }
}

TEST_CASE("tasks are removed when their time to live is over, and not before they are done") {
  WithTasks talk;
  talk.begin({{"ttl", 1000}});
  talk.now += std::chrono::seconds{2};
  CHECK(talk.status("task-1") == "working");
  talk.finish("done");
  CHECK(code_of(talk.get("task-1")) == -32602);
  CHECK(talk.begin({{"ttl", 1e300}}).at("ttl") == 24 * 3600 * 1000);
  CHECK(talk.begin({{"ttl", nullptr}}).at("ttl") == 3600 * 1000);
  CHECK(talk.reply_to("tasks/list").at("result").at("tasks").size() == 2);
}

TEST_CASE("tasks are listed oldest first") {
  WithTasks talk;
  for (int i = 0; i < 11; ++i) talk.begin();
  const Json tasks = talk.reply_to("tasks/list").at("result").at("tasks");
  REQUIRE(tasks.size() == 11);
  for (std::size_t i = 0; i < 11; ++i) CHECK(tasks[i].at("taskId") == "task-" + std::to_string(i + 1));
  CHECK(code_of(talk.reply_to("tasks/list", {{"cursor", "x"}})) == -32602);
}

TEST_CASE("tasks beyond the limit are rejected") {
  WithTasks talk({.tasks = 1});
  talk.begin();
  Json params = ask_params();
  params["task"] = Json::object();
  CHECK(code_of(talk.reply_to("tools/call", params, 2)) == -32603);
  CHECK(talk.desk.asked.size() == 1);
}

TEST_CASE("a tool says whether it can be a task") {
  WithTasks talk;
  CHECK(code_of(talk.reply_to("tools/call", {{"name", "look"}, {"task", Json::object()}})) == -32601);
  talk.desk.offered.tools[1].task_support = TaskSupport::required;
  CHECK(code_of(talk.reply_to("tools/call", {{"name", "look"}})) == -32601);
  Json params = ask_params();
  for (const Json& task : {Json(7), Json{{"ttl", "long"}}, Json{{"ttl", -1}}}) {
    params["task"] = task;
    CHECK(code_of(talk.reply_to("tools/call", params)) == -32602);
  }
  CHECK(talk.desk.asked.empty());
}

TEST_CASE("a request for a task is ignored without the capability") {
  WithTasks talk;
  talk.initialize("2025-06-18");
  Json params = ask_params();
  params["task"] = Json::object();
  talk.ask("tools/call", params);
  CHECK(talk.finish("plain"));
  CHECK(text_of(talk.answer()) == "plain");
  CHECK(code_of(talk.get("task-1")) == -32601);
  CHECK_FALSE(talk.reply_to("tools/list").at("result").at("tools")[0].contains("execution"));
}

TEST_CASE("messages of a task carry its id") {
  WithTasks talk;
  Json params = ask_params();
  params["task"] = Json::object();
  params["_meta"] = {{"progressToken", 1}};
  talk.reply_to("tools/call", params);
  const Json related{{"io.modelcontextprotocol/related-task", {{"taskId", "task-1"}}}};
  talk.connection.progress(talk.last(), {1, {}, ""});
  CHECK(talk.answer().at("params").at("_meta") == related);
  talk.connection.finish(talk.last(), InputRequired{{{"q", {"elicitation/create", {{"message", "?"}}}}}, {}});
  const Json question = talk.answer();
  CHECK(question.at("params").at("_meta") == related);
  CHECK(talk.status("task-1") == "input_required");
  talk.say({{"jsonrpc", "2.0"}, {"id", question.at("id")}, {"result", {{"action", "accept"}}}});
  CHECK(talk.status("task-1") == "working");
  CHECK(talk.finish("done"));
  CHECK(talk.status("task-1") == "completed");
}

TEST_CASE("a task that waits for the client can be cancelled") {
  WithTasks talk;
  talk.begin();
  talk.connection.finish(talk.last(), InputRequired{{{"q", {"elicitation/create", {{"message", "?"}}}}}, {}});
  const Json question = talk.answer();
  talk.ask("tasks/cancel", {{"taskId", "task-1"}}, "c");
  const auto heard = talk.heard();
  REQUIRE(heard.size() == 2);
  CHECK(heard[0].at("method") == "notifications/cancelled");
  CHECK(heard[1].at("result").at("status") == "cancelled");
}
