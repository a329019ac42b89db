#include "tests/unit/mcp/talk.hpp"

using namespace delegate::mcp;

// The tasks of 2025-11-25, then those of the extension of 2026-07-28.
namespace {

struct WithTasks : Talk {
  explicit WithTasks(Limits limits = {}) : Talk(limits) {
    TaskKeeping keeping;
    keeping.now = [this] { return now; };
    keeping.new_id = [this] { return "task-" + std::to_string(++named); };
    desk.offered.tasks = keeping;
    initialize("2025-11-25");
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
  talk.connection.finish(talk.last(), ToolResult{{Text{"no"}}, {}, true});
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
  talk.connection.progress(talk.last(), {2, {}, "codex, 14 s"});
  CHECK(talk.answer().at("params").at("message") == "codex, 14 s");
  CHECK(talk.get("task-1").at("result").at("statusMessage") == "codex, 14 s");
  CHECK(talk.finish("done"));
  CHECK_FALSE(talk.get("task-1").at("result").contains("statusMessage"));
}

TEST_CASE("a call that the client began as a task is one already, under its own name") {
  WithTasks talk;
  talk.begin();
  CHECK(talk.connection.make_task(talk.last(), "other", "working on it"));
  CHECK(talk.heard().empty());
  CHECK(talk.finish("done"));
  CHECK(talk.status("task-1") == "completed");
}

namespace {

const Json kExtension{{"extensions", {{"io.modelcontextprotocol/tasks", Json::object()}}}};

/// A client of 2026-07-28 with the extension.
struct WithExtension : WithTasks {
  using WithTasks::WithTasks;

  /// A call that became a task; the answer to its request.
  Json begin(const std::string& name, const Json& id = 1) {
    ask("tools/call", modern(ask_params(), kExtension), id);
    CHECK(heard().empty());
    CHECK(connection.make_task(last(), name, "queued"));
    return answer().at("result");
  }
  Json on(const char* method, const std::string& name, Json capabilities = kExtension) {
    return reply_to(method, modern({{"taskId", name}}, std::move(capabilities)), method);
  }
};

Json without_server(Json result) {
  result.at("_meta").erase("io.modelcontextprotocol/serverInfo");
  if (result.at("_meta").empty()) result.erase("_meta");
  return result;
}

}  // namespace

TEST_CASE("the extension is declared to a client of 2026-07-28 only") {
  WithExtension talk;
  const Json offered = talk.reply_to("server/discover", modern()).at("result").at("capabilities");
  CHECK(offered.at("extensions") == Json{{"io.modelcontextprotocol/tasks", Json::object()}});
  CHECK_FALSE(offered.contains("tasks"));
  CHECK_FALSE(talk.initialize("2025-11-25").at("capabilities").contains("extensions"));
}

TEST_CASE("the server turns a call into a task, and the client gets its result by its name") {
  WithExtension talk;
  CHECK(without_server(talk.begin("run-7")) ==
        Json::parse(R"({"taskId":"run-7","status":"working","statusMessage":"queued",
    "createdAt":"2025-11-24T16:00:00.042Z","lastUpdatedAt":"2025-11-24T16:00:00.042Z","ttlMs":86400000,
    "pollIntervalMs":2000,"resultType":"task"})"));
  CHECK(talk.reply_to("tools/list", modern(), 1).contains("result"));  // the id is free again
  talk.now += std::chrono::seconds{5};
  talk.connection.progress(talk.last(), {1, {}, "codex, 5 s"});
  CHECK(talk.heard().empty());
  Json working = talk.on("tasks/get", "run-7").at("result");
  CHECK(working.at("resultType") == "complete");
  CHECK(working.at("statusMessage") == "codex, 5 s");
  CHECK(working.at("lastUpdatedAt") == "2025-11-24T16:00:05.042Z");
  CHECK_FALSE(working.contains("result"));
  CHECK(talk.finish("done"));
  CHECK(talk.heard().empty());
  const Json ended = talk.on("tasks/get", "run-7").at("result");
  CHECK(ended.at("status") == "completed");
  CHECK(ended.at("result").at("content")[0].at("text") == "done");
  CHECK(without_server(ended.at("result")).size() == 2);  // no tie to the task, which is around it
  CHECK(talk.on("tasks/get", "run-7").at("result") == ended);
}

TEST_CASE("a call becomes no task for a client or a tool without tasks, or beyond the limit") {
  WithExtension talk({.tasks = 1});
  talk.ask("tools/call", modern(ask_params()));
  CHECK_FALSE(talk.connection.make_task(talk.last(), "run-1", ""));
  talk.ask("tools/call", modern({{"name", "look"}}, kExtension), 2);
  CHECK_FALSE(talk.connection.make_task(talk.last(), "run-2", ""));
  talk.ask("tools/call", ask_params(), 3);
  CHECK_FALSE(talk.connection.make_task(talk.last(), "run-3", ""));
  CHECK(talk.finish("plain"));
  CHECK(text_of(talk.answer()) == "plain");
  CHECK_FALSE(talk.connection.make_task(talk.last(), "run-3", ""));
  talk.begin("run-4", 4);
  talk.ask("tools/call", modern(ask_params(), kExtension), 5);
  CHECK_FALSE(talk.connection.make_task(talk.last(), "run-5", ""));
  CHECK(talk.finish("also plain"));
  CHECK(text_of(talk.answer()) == "also plain");
}

TEST_CASE("the error of a tool completes a task, and the error of a call fails it") {
  WithExtension talk;
  talk.begin("run-1");
  talk.connection.finish(talk.last(), ToolResult{{Text{"no"}}, {}, true});
  CHECK(talk.on("tasks/get", "run-1").at("result").at("status") == "completed");
  CHECK(talk.on("tasks/get", "run-1").at("result").at("result").at("isError") == true);
  talk.begin("run-2", 2);
  talk.connection.finish(talk.last(), Failure{Failure::Reason::internal, "broken", nullptr});
  const Json failed = talk.on("tasks/get", "run-2").at("result");
  CHECK(failed.at("status") == "failed");
  CHECK(failed.at("statusMessage") == "broken");
  CHECK(failed.at("error") == Json{{"code", -32603}, {"message", "broken"}});
}

TEST_CASE("cancelling a task of the extension is acknowledged each time, and stops its call once") {
  WithExtension talk;
  talk.begin("run-1");
  talk.notify("notifications/cancelled", {{"requestId", 1}});
  CHECK(talk.desk.stopped.empty());
  for (int again = 0; again < 2; ++again)
    CHECK(without_server(talk.on("tasks/cancel", "run-1").at("result")) == Json{{"resultType", "complete"}});
  CHECK(talk.desk.stopped == std::vector<CallId>{talk.last()});
  CHECK(talk.desk.stopped_by == CancelledBy::client);
  CHECK_FALSE(talk.finish("late"));
  const Json cancelled = talk.on("tasks/get", "run-1").at("result");
  CHECK(cancelled.at("status") == "cancelled");
  CHECK_FALSE(cancelled.contains("result"));
}

TEST_CASE("a task of the extension needs no input, and ignores any") {
  WithExtension talk;
  talk.begin("run-1");
  const Json answers{{"taskId", "run-1"}, {"inputResponses", {{"x", Json::object()}}}};
  const Json answer = talk.reply_to("tasks/update", modern(answers, kExtension), 2).at("result");
  CHECK(without_server(answer) == Json{{"resultType", "complete"}});
  CHECK(talk.on("tasks/get", "run-1").at("result").at("status") == "working");
}

TEST_CASE("a task of the extension is for clients that declare it, and exists until it is forgotten") {
  WithExtension talk;
  talk.begin("run-1");
  for (const char* method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    CHECK(code_of(talk.on(method, "run-1", Json::object())) == -32021);
    CHECK(code_of(talk.on(method, "run-2")) == -32602);
    CHECK(code_of(talk.reply_to(method, modern(Json::object(), kExtension))) == -32602);
  }
  talk.finish("done");
  talk.now += std::chrono::hours{24};
  CHECK(code_of(talk.on("tasks/get", "run-1")) == -32602);
}

TEST_CASE("a task is described in the form that the request wants, not the one that it began in") {
  WithExtension talk;
  Json params = ask_params();
  params["task"] = Json::object();
  talk.reply_to("tools/call", params);
  CHECK(talk.on("tasks/get", "task-1").at("result").at("status") == "working");
  talk.connection.finish(talk.last(), ToolResult{{Text{"no"}}, {}, true});
  CHECK(talk.status("task-1") == "failed");
  CHECK(talk.on("tasks/get", "task-1").at("result").at("status") == "completed");
  CHECK(talk.on("tasks/get", "task-1").at("result").at("result").at("isError") == true);
  talk.begin("run-1", 2);
  talk.connection.finish(talk.last(), Failure{Failure::Reason::internal, "broken", nullptr});
  CHECK(talk.status("run-1") == "failed");
  CHECK(code_of(talk.reply_to("tasks/result", {{"taskId", "run-1"}})) == -32603);
}
