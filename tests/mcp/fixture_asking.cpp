#include <optional>

#include "tests/mcp/fixture.hpp"

// Tools that cannot answer without the client.
namespace delegate::mcp::fixture {
namespace {

using Requests = std::map<std::string, InputRequired::Request>;

InputRequired::Request elicit(const std::string& message, Json properties) {
  Json required = Json::array();
  for (const auto& [name, schema] : properties.items()) required.push_back(name);
  return {"elicitation/create",
          {{"message", message},
           {"requestedSchema", {{"type", "object"}, {"properties", std::move(properties)}, {"required", required}}}}};
}

InputRequired::Request sample(const std::string& prompt) {
  return {"sampling/createMessage",
          {{"messages", {{{"role", "user"}, {"content", {{"type", "text"}, {"text", prompt}}}}}}, {"maxTokens", 100}}};
}

InputRequired::Request roots() { return {"roots/list", Json::object()}; }

Json text_property(const char* name) { return {{name, {{"type", "string"}}}}; }

/// All requested answers are there.
bool answered(const Call& call, const Requests& requests) {
  for (const auto& [key, request] : requests)
    if (!call.input_responses.contains(key)) return false;
  return true;
}

/// Asks until all answers are there, then returns them.
Answer after(const Call& call, Requests requests, const std::string& introduction) {
  if (!answered(call, requests)) return InputRequired{std::move(requests), {}};
  return said(introduction + dump(call.input_responses));
}

/// The same with a state that must come back unchanged.
Answer after_with_state(const Call& call, Requests requests, const std::string& state) {
  if (!answered(call, requests)) return InputRequired{std::move(requests), state};
  if (call.request_state != state) return Failure{Failure::Reason::invalid_params, "the request state is not ours", {}};
  return said("state-ok");
}

Answer multi_round(Connection&, const Call& call, const Json&) {
  if (call.request_state == "round-2" && call.input_responses.contains("step2")) return said("Done.");
  if (call.request_state == "round-1" && call.input_responses.contains("step1"))
    return InputRequired{{{"step2", elicit("Step 2: What is your favorite color?", text_property("color"))}},
                         "round-2"};
  return InputRequired{{{"step1", elicit("Step 1: What is your name?", text_property("name"))}}, "round-1"};
}

Answer what_the_client_can_do(Connection&, const Call& call, const Json&) {
  Requests requests;
  if (call.client.capabilities.contains("sampling")) requests["question"] = sample("What is the capital of France?");
  if (call.client.capabilities.contains("elicitation")) requests["name"] = elicit("Your name?", text_property("name"));
  if (requests.empty()) return said("This client can do nothing for us.");
  return after(call, std::move(requests), "Answers: ");
}

Answer multiple(Connection&, const Call& call, const Json&) {
  return after_with_state(call,
                          {{"user_name", elicit("What is your name?", text_property("name"))},
                           {"greeting", sample("Generate a greeting")},
                           {"client_roots", roots()}},
                          "several");
}

Answer defaults(Connection&, const Call& call, const Json&) {
  Json properties = Json::parse(R"({
    "name": {"type": "string", "default": "John Doe"}, "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5}, "verified": {"type": "boolean", "default": true},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"}})");
  return after(call, {{"form", elicit("Please check", std::move(properties))}}, "Elicitation completed: ");
}

Answer enums(Connection&, const Call& call, const Json&) {
  Json properties = Json::parse(R"({
    "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
    "titledSingle": {"type": "string", "oneOf": [{"const": "value1", "title": "First Option"},
                                                 {"const": "value2", "title": "Second Option"}]},
    "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"],
                   "enumNames": ["Option One", "Option Two", "Option Three"]},
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
    "titledMulti": {"type": "array", "items": {"anyOf": [{"const": "value1", "title": "First Choice"},
                                                         {"const": "value2", "title": "Second Choice"}]}}})");
  return after(call, {{"form", elicit("Please choose", std::move(properties))}}, "Elicitation completed: ");
}

Answer name_of_the_user(Connection&, const Call& call, const Json&) {
  return after(call, {{"user_name", elicit("What is your name?", text_property("name"))}}, "Hello: ");
}

Answer confirmed(Connection&, const Call& call, const Json&) {
  return after_with_state(call, {{"confirm", elicit("Please confirm", {{"ok", {{"type", "boolean"}}}})}}, "confirming");
}

Answer capital(Connection&, const Call& call, const Json&) {
  return after(call, {{"capital_question", sample("What is the capital of France?")}}, "LLM response: ");
}

}  // namespace

const std::map<std::string, ToolAnswer>& asking_tools() {
  static const std::map<std::string, ToolAnswer> kTools{
      {"test_sampling",
       [](Connection&, const Call& call, const Json& arguments) {
         return after(call, {{"answer", sample(arguments.at("prompt"))}}, "LLM response: ");
       }},
      {"test_elicitation",
       [](Connection&, const Call& call, const Json& arguments) {
         Json properties{{"username", {{"type", "string"}}}, {"email", {{"type", "string"}}}};
         return after(call, {{"user", elicit(arguments.at("message"), std::move(properties))}}, "User response: ");
       }},
      {"test_elicitation_sep1034_defaults", defaults},
      {"test_elicitation_sep1330_enums", enums},
      {"test_missing_capability", capital},
      {"test_streaming_elicitation", name_of_the_user},
      {"test_input_required_result_elicitation", name_of_the_user},
      {"test_input_required_result_sampling", capital},
      {"test_input_required_result_list_roots",
       [](Connection&, const Call& call, const Json&) {
         return after(call, {{"client_roots", roots()}}, "Roots: ");
       }},
      {"test_input_required_result_request_state", confirmed},
      {"test_input_required_result_tampered_state", confirmed},
      {"test_input_required_result_multiple_inputs", multiple},
      {"test_input_required_result_multi_round", multi_round},
      {"test_input_required_result_capabilities", what_the_client_can_do},
  };
  return kTools;
}

}  // namespace delegate::mcp::fixture
