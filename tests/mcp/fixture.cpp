#include "tests/mcp/fixture.hpp"

namespace delegate::mcp::fixture {
namespace {

PromptMessage from_user(Content content) { return {PromptMessage::Role::user, std::move(content)}; }

Answer prompt(const Call& call, const std::string& name, const std::map<std::string, std::string>& arguments) {
  if (name == "test_simple_prompt") return PromptResult{"", {from_user(Text{"This is a simple prompt for testing."})}};
  if (name == "test_prompt_with_arguments")
    return PromptResult{"",
                        {from_user(Text{"Prompt with arguments: arg1='" + arguments.at("arg1") + "', arg2='" +
                                        arguments.at("arg2") + "'"})}};
  if (name == "test_prompt_with_embedded_resource")
    return PromptResult{"",
                        {from_user(ResourceContents{arguments.at("resourceUri"), "text/plain",
                                                    "Embedded resource content for testing.", ""}),
                         from_user(Text{"Please process the embedded resource above."})}};
  if (name == "test_prompt_with_image")
    return PromptResult{"", {from_user(Image{kPng, "image/png"}), from_user(Text{"Please analyze the image above."})}};
  if (!call.input_responses.contains("user_context"))
    return InputRequired{
        {{"user_context",
          {"elicitation/create",
           {{"message", "What context should the prompt use?"},
            {"requestedSchema",
             {{"type", "object"}, {"properties", {{"context", {{"type", "string"}}}}}, {"required", {"context"}}}}}}}},
        {}};
  return PromptResult{"", {from_user(Text{"Context: " + dump(call.input_responses.at("user_context"))})}};
}

}  // namespace

void Fixture::call_tool(const Call& call, const std::string& name, const Json& arguments) {
  for (const auto* tools : {&simple_tools(), &asking_tools()})
    if (const auto tool = tools->find(name); tool != tools->end()) {
      connection_->finish(call.id, tool->second(*connection_, call, arguments));
      return;
    }
  connection_->finish(call.id, said(dump(arguments)));
}

void Fixture::read_resource(const Call& call, const std::string& uri) {
  const std::string before = "test://template/";
  const std::string after = "/data";
  if (uri == "test://static-binary") {
    connection_->finish(call.id, ResourceResult{{{uri, "image/png", "", kPng}}});
  } else if (uri == "test://static-text" || uri == "test://watched-resource") {
    connection_->finish(call.id,
                        ResourceResult{{{uri, "text/plain", "This is the content of the static text resource.", ""}}});
  } else if (uri.size() > before.size() + after.size() && uri.starts_with(before) && uri.ends_with(after)) {
    const std::string id = uri.substr(before.size(), uri.size() - before.size() - after.size());
    const Json data{{"id", id}, {"templateTest", true}, {"data", "Data for ID: " + id}};
    connection_->finish(call.id, ResourceResult{{{uri, "application/json", dump(data), ""}}});
  } else {
    connection_->finish(call.id,
                        Failure{Failure::Reason::resource_not_found, "there is no such resource", {{"uri", uri}}});
  }
}

void Fixture::get_prompt(const Call& call, const std::string& name,
                         const std::map<std::string, std::string>& arguments) {
  connection_->finish(call.id, prompt(call, name, arguments));
}

void Fixture::complete(const Call& call, const CompletionQuery& query) {
  CompletionResult result;
  for (const char* value : {"paris", "park", "party"})
    if (std::string(value).starts_with(query.typed)) result.values.emplace_back(value);
  connection_->finish(call.id, std::move(result));
}

}  // namespace delegate::mcp::fixture
