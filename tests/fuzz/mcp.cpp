#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/mcp/connection.hpp"
#include "tests/fuzz/property.hpp"

// Whatever a client sends: every line of the answer is a message, and it is the same however the input was cut.
using namespace delegate;
using namespace delegate::mcp;

namespace {

/// Does with a call what its arguments ask for.
class Obliging : public Service {
 public:
  Obliging() {
    capabilities_.info = {"fuzz", "", "1", ""};
    Tool tool;
    tool.name = "t";
    tool.input_schema = Json::parse(R"({"type":"object","properties":{"do":{"type":"string","maxLength":9},
      "n":{"type":"integer","minimum":0,"default":1},"list":{"type":"array","items":{"enum":["a",1]}}}})");
    tool.task_support = TaskSupport::optional;
    capabilities_.tools = {tool};
    capabilities_.resources = {{"a://b", "b", "", "", ""}};
    capabilities_.tasks.emplace();
    capabilities_.tasks->now = [this] {
      return std::chrono::system_clock::time_point{std::chrono::seconds{++seconds_}};
    };
    capabilities_.tasks->new_id = [this] { return "task" + std::to_string(++tasks_); };
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  void call_tool(const Call& call, const std::string&, const Json& arguments) override {
    const Json& wish = member(arguments, "do");
    begin(call.id);
    if (wish == "wait") return;
    if (wish == "task" && connection->make_task(call.id, "made" + std::to_string(++tasks_), "begun")) return;
    if (wish == "same") connection->make_task(call.id, "same", "");
    connection->progress(call.id, {1, {}, "going"});
    if (wish == "all")
      while (!open.empty()) end(*open.begin(), ToolResult{{Text{"all"}}, arguments, true});
    if (wish == "fail") return end(call.id, Failure{Failure::Reason::internal, "failed", arguments});
    end(call.id, ToolResult{{Text{dump(arguments)}}, arguments, false});
  }
  void read_resource(const Call& call, const std::string& uri) override {
    begin(call.id);
    if (uri == "a://b") return end(call.id, ResourceResult{{{uri, "", uri}}});
    end(call.id, Failure{Failure::Reason::resource_not_found, uri, {{"uri", uri}}});
  }
  void cancelled(CallId id, CancelledBy) override {
    fuzz::hold(open.erase(id) == 1, "only a call that is open is cancelled");
  }

  Connection* connection = nullptr;
  std::set<CallId> open;

 private:
  void begin(CallId id) { fuzz::hold(open.insert(id).second, "every call has an id of its own"); }
  void end(CallId id, const Answer& answer) {
    open.erase(id);
    connection->finish(id, answer);
  }

  Capabilities capabilities_;
  int seconds_ = 0, tasks_ = 0;
};

/// All that is said to `input`, cut at `pieces` places.
std::string said_to(std::string_view input, std::optional<fuzz::Numbers> cuts) {
  Obliging service;
  Connection connection(service, {.line_bytes = 1024, .calls = 8, .tasks = 4});
  service.connection = &connection;
  std::string said;
  while (!input.empty()) {
    const std::size_t size = cuts ? 1 + cuts->below(input.size()) : input.size();
    connection.feed(input.substr(0, size));
    input.remove_prefix(size);
    said += connection.take_output();
  }
  connection.end_of_input();
  fuzz::hold(service.open.empty(), "no call is left open");
  return said + connection.take_output();
}

bool is_message(const Json& json) {
  if (json.is_array()) return !json.empty() && std::all_of(json.begin(), json.end(), is_message);
  return member(json, "jsonrpc") == "2.0" &&
         (json.contains("method") + json.contains("result") + json.contains("error")) == 1;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input = fuzz::text_of(bytes, size);
  const std::string said = said_to(input, std::nullopt);
  fuzz::hold(said.empty() || said.back() == '\n', "the last line has an end");
  for (std::size_t at = 0; at < said.size();) {
    const std::size_t end = said.find('\n', at);
    fuzz::hold(is_message(Json::parse(said.substr(at, end - at), nullptr, false)), "every line is a message");
    at = end + 1;
  }
  fuzz::hold(said_to(input, fuzz::Numbers(input)) == said, "it does not matter where the input is cut");
  return 0;
}
