#include "tests/unit/mcp/talk.hpp"

using namespace delegate::mcp;

namespace {

constexpr const char* kLegacy[] = {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"};
constexpr const char* kVersionKey = "io.modelcontextprotocol/protocolVersion";
constexpr const char* kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";

}  // namespace

TEST_CASE("initialize is answered in the version that was asked for") {
  for (const char* version : kLegacy) {
    Talk talk;
    const Json result = talk.initialize(version);
    CHECK(result.at("protocolVersion") == version);
    CHECK(result.at("serverInfo").at("name") == "desk");
    CHECK(result.at("capabilities").contains("tools"));
    CHECK(result.at("instructions") == "Ask the desk.");
  }
}

TEST_CASE("a request for an unknown version, or one without a handshake, gets the latest with a handshake") {
  for (const char* version : {"2026-07-28", "2024-10-07", "2099-01-01", "", "latest"}) {
    Talk talk;
    CHECK(talk.initialize(version).at("protocolVersion") == "2025-11-25");
  }
}

TEST_CASE("initialize without a version string is rejected") {
  Talk talk;
  CHECK(code_of(talk.reply_to("initialize", Json::object())) == -32602);
  CHECK(code_of(talk.reply_to("initialize", {{"protocolVersion", 20250618}})) == -32602);
  CHECK(code_of(talk.reply_to("initialize", {{"protocolVersion", "2025-06-18"}, {"capabilities", 7}})) == -32602);
}

TEST_CASE("a second initialize starts over, in its own version") {
  Talk talk;
  talk.initialize("2025-11-25");
  CHECK(talk.initialize("2024-11-05").at("protocolVersion") == "2024-11-05");
  CHECK_FALSE(talk.reply_to("tools/list").at("result").at("tools")[0].contains("annotations"));
}

TEST_CASE("ping and requests are answered before the handshake too") {
  Talk talk;
  CHECK(talk.reply_to("ping").at("result") == Json::object());
  CHECK(talk.reply_to("tools/list").at("result").at("tools").size() == 2);
}

TEST_CASE("a tool is listed with what each version knows") {
  const auto tool = [](const char* version) {
    Talk talk;
    talk.initialize(version);
    return talk.reply_to("tools/list").at("result").at("tools")[0];
  };
  CHECK(tool("2024-11-05").size() == 3);
  CHECK(tool("2025-03-26").at("annotations") == Json{{"title", "Ask"}, {"readOnlyHint", true}});
  CHECK_FALSE(tool("2025-03-26").contains("title"));
  for (const char* version : {"2025-06-18", "2025-11-25"}) {
    CHECK(tool(version).at("title") == "Ask");
    CHECK(tool(version).contains("outputSchema"));
    CHECK(tool(version).at("_meta") == Json{{"example.com/loud", true}});
    CHECK_FALSE(tool(version).contains("execution"));
  }
}

TEST_CASE("server/discover lists everything, and every result of 2026-07-28 names its type and the server") {
  Talk talk;
  const Json result = talk.reply_to("server/discover", modern()).at("result");
  CHECK(result.at("supportedVersions") == Json{"2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"});
  CHECK(result.at("resultType") == "complete");
  CHECK(result.at("ttlMs") == 0);
  CHECK(result.at("cacheScope") == "public");
  CHECK(result.at("instructions") == "Ask the desk.");
  CHECK(result.at("_meta").at("io.modelcontextprotocol/serverInfo").at("version") == "1.2");
  const Json list = talk.reply_to("tools/list", modern()).at("result");
  CHECK(list.at("resultType") == "complete");
  CHECK(list.at("ttlMs") == 0);
  CHECK(list.contains("cacheScope"));
  CHECK(list.at("_meta").contains("io.modelcontextprotocol/serverInfo"));
  talk.ask("tools/call", modern(ask_params()));
  talk.finish("x");
  const Json called = talk.answer().at("result");
  CHECK(called.at("resultType") == "complete");
  CHECK_FALSE(called.contains("ttlMs"));
}

TEST_CASE("a request of 2026-07-28 that lacks its version or its capabilities is refused") {
  Talk talk;
  CHECK(code_of(talk.reply_to("server/discover")) == -32602);
  Json params = modern();
  params["_meta"].erase(kCapabilitiesKey);
  CHECK(code_of(talk.reply_to("tools/list", params)) == -32602);
  params["_meta"][kCapabilitiesKey] = Json::array();
  CHECK(code_of(talk.reply_to("tools/list", params)) == -32602);
  params = modern();
  params["_meta"][kVersionKey] = 20260728;
  CHECK(code_of(talk.reply_to("tools/list", params)) == -32602);
  CHECK(code_of(talk.reply_to("tools/list", {{"_meta", 7}})) == -32602);
  CHECK(code_of(talk.reply_to("tools/list", {{"_meta", {{"progressToken", 1.5}}}})) == -32602);
}

TEST_CASE("unknown capabilities of a client are not kept with every call") {
  Talk talk;
  const Json huge{{"experimental", {{"x", std::string(70'000, 'x')}}}};
  CHECK(code_of(talk.reply_to("initialize", {{"protocolVersion", "2025-11-25"}, {"capabilities", huge}})) == -32602);
  CHECK(code_of(talk.reply_to("tools/list", modern(Json::object(), huge))) == -32602);
}

TEST_CASE("an unsupported version is rejected for every method, each time with the supported ones") {
  Talk talk;
  Json params = modern();
  params["_meta"][kVersionKey] = "2099-01-01";
  for (const char* method : {"server/discover", "tools/list", "tools/call", "no/such", "initialize"}) {
    CHECK(talk.reply_to("tools/list", modern()).contains("result"));
    const Json answer = talk.reply_to(method, params);
    CHECK(code_of(answer) == -32022);
    CHECK(answer.at("error").at("data").at("requested") == "2099-01-01");
    CHECK(answer.at("error").at("data").at("supported")[0] == "2026-07-28");
  }
  params["_meta"][kVersionKey] = "2025-11-25";
  CHECK(code_of(talk.reply_to("tools/list", params)) == -32022);
  params["_meta"][kVersionKey] = std::string(100'000, '9');
  CHECK(dump(talk.reply_to("tools/list", params)).size() < 1000);
}

TEST_CASE("methods that 2026-07-28 removed are unknown in it, and those that it added are unknown before") {
  Talk talk;
  talk.desk.offered.tasks.emplace();
  for (const char* method : {"initialize", "ping", "tasks/list", "tasks/result"})
    CHECK(code_of(talk.reply_to(method, modern())) == -32601);
  CHECK(code_of(talk.reply_to("subscriptions/listen", {{"notifications", Json::object()}})) == -32601);
}

TEST_CASE("versions with and without a handshake work on one connection") {
  Talk talk;
  talk.initialize("2024-11-05");
  talk.ask("tools/call", ask_params("old"), 1);
  talk.ask("tools/call", modern(ask_params("new")), 2);
  REQUIRE(talk.desk.asked.size() == 2);
  CHECK(talk.desk.asked[0].call.client.version == Version::v2024_11_05);
  CHECK(talk.desk.asked[0].call.client.name == "test");
  CHECK(talk.desk.asked[1].call.client.version == Version::v2026_07_28);
  CHECK(talk.desk.asked[1].call.client.name.empty());
  talk.finish(talk.desk.asked[1].call.id, "new");
  CHECK(talk.answer().at("result").contains("resultType"));
  talk.finish(talk.desk.asked[0].call.id, "old");
  CHECK_FALSE(talk.answer().at("result").contains("resultType"));
}

TEST_CASE("a feature that is not offered has neither capability nor method") {
  Talk talk;
  CHECK(talk.initialize("2025-11-25").at("capabilities") == Json{{"tools", Json::object()}});
  for (const char* method : {"resources/list", "resources/read", "tasks/list", "tasks/get"})
    CHECK(code_of(talk.reply_to(method, {{"uri", "x"}})) == -32601);
  for (const char* method : {"tasks/get", "tasks/update", "tasks/cancel"})
    CHECK(code_of(talk.reply_to(method, modern({{"taskId", "x"}}))) == -32601);
}
