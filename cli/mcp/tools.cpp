#include "cli/mcp/tools.hpp"

#include <algorithm>

#include "core/base/host_time.hpp"
#include "core/base/ids.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/os/random.hpp"
#include "core/run/request.hpp"

namespace delegate::cli::server {
namespace {

constexpr const char* kInstructions =
    "Ask another AI agent of this machine when a second opinion, a review, another model's strength or cheap bulk work "
    "helps. It sees nothing of this conversation, so every prompt must be complete: goal, context, constraints, form "
    "of "
    "the answer. It can read the project's files: name paths instead of pasting them. Broken agents are skipped by "
    "themselves; the answer says who gave it and who was skipped. When ask returns a run id or next_offset, call "
    "result. For work of more than a minute use background.";

OrderedJson text(const std::string& description) { return {{"type", "string"}, {"description", description}}; }
OrderedJson integer(const std::string& description, int least, int most) {
  return {{"type", "integer"}, {"description", description}, {"minimum", least}, {"maximum", most}};
}
OrderedJson flag(const char* description) {
  return {{"type", "boolean"}, {"description", description}, {"default", false}};
}
OrderedJson object(OrderedJson properties, OrderedJson required) {
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}
OrderedJson plain(const char* type) { return {{"type", type}}; }

OrderedJson one_of(const std::string& description, const std::vector<std::string>& values) {
  return {{"type", "string"}, {"description", description}, {"enum", values}};
}

/// The structured answer of `ask` and `result`: what a client may rely on. It may have more.
OrderedJson run_schema() {
  return {{"type", "object"},
          {"properties",
           {{"status", {{"type", "string"}, {"enum", {"done", "working", "failed", "cancelled"}}}},
            {"answer", plain("string")},
            {"run", plain("string")},
            {"session", plain("string")},
            {"next_offset", plain("integer")},
            {"error", plain("string")}}},
          {"required", {"status"}}};
}

// The list of tools is read with every request to the model.
constexpr std::size_t kMostListed = 6;
constexpr std::size_t kFewListed = 3;
constexpr std::size_t kLongestListed = 24;

/// "claude, codex, ollama and 3 more".
std::string listed(const std::vector<std::string>& names, std::size_t most) {
  const std::size_t shown = std::min(names.size(), most);
  std::string out;
  for (std::size_t i = 0; i < shown; ++i) out += (i == 0 ? "" : ", ") + one_line(names[i], kLongestListed);
  return shown == names.size() ? out : out + " and " + std::to_string(names.size() - shown) + " more";
}

bool is_among(const std::string& name, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The installed backends: those of auto in its order, then the others.
std::string installed_words(const ToolFacts& facts) {
  if (facts.backends.empty()) return "None is installed now. ";
  std::vector<std::string> others;
  for (const std::string& name : facts.backends)
    if (!is_among(name, facts.order)) others.push_back(name);
  if (facts.order.empty()) return "Installed: " + listed(others, kMostListed) + ". ";
  return "Installed: " + listed(facts.order, kMostListed) + (facts.order.size() > 1 ? " (the order of auto)" : "") +
         (others.empty() ? "" : "; only by name: " + listed(others, kFewListed)) + ". ";
}

/// When to call it, who is there, and what a prompt needs.
std::string ask_description(const ToolFacts& facts) {
  std::string out =
      "Ask another AI agent: for a second opinion, a review of a diff or plan, a question that another model is better "
      "at, or cheap bulk work. " +
      installed_words(facts) +
      "Broken ones are skipped. It sees nothing of this conversation: the prompt needs goal, context and form of the "
      "answer. ";
  if (facts.blind.size() < facts.backends.size())
    out += "It can read files below cwd: name paths instead of pasting text. ";
  if (!facts.blind.empty())
    out += facts.blind.size() < facts.backends.size()
               ? "For " + listed(facts.blind, kFewListed) + " attach them with files. "
               : "It reads no files: attach them with files. ";
  if (!facts.may_write) out += "It cannot change files. ";
  return out + "Takes seconds to minutes; if it takes long it returns a run id for result.";
}

/// A backend that has models of its own by name.
std::string model_description(const ToolFacts& facts) {
  const std::vector<std::string>& names = facts.order.empty() ? facts.backends : facts.order;
  const std::string backend = names.empty() ? "NAME" : one_line(names.front(), kLongestListed);
  const char* model = backend == "claude"   ? "opus"
                      : backend == "codex"  ? "gpt-5"
                      : backend == "gemini" ? "gemini-2.5-pro"
                                            : "NAME";
  return "A model of that backend; needs backend, as in backend=" + backend + ", model=" + model +
         ". Omit for its default.";
}

std::string directory_description(const ToolFacts& facts) {
  const std::string what = "Absolute path of the project directory that it may read";
  if (facts.directory.empty()) return what + "; required here, because this server runs in no project.";
  constexpr std::size_t kLongest = 120;  // the list of tools is read with every request to the model
  return what + "; default: " + (facts.directory.size() > kLongest ? "the client's project." : facts.directory);
}

OrderedJson ask_properties(const ToolFacts& facts) {
  OrderedJson prompt = text("The complete task with its context.");
  prompt["minLength"] = 1;
  OrderedJson backend = text("Who is asked; default: auto, the first available one.");  // others may be installed later
  backend["default"] = "auto";
  std::vector<std::string> types;
  for (int type = 0; type <= static_cast<int>(TaskType::improve); ++type)
    types.emplace_back(to_string(static_cast<TaskType>(type)));
  OrderedJson properties{
      {"prompt", std::move(prompt)},
      {"backend", std::move(backend)},
      {"model", text(model_description(facts))},
      {"tier", one_of("Model size, for any backend; instead of model.", {"small", "medium", "large"})},
      {"type", one_of("Kind of task, which decides the order of auto; default: inferred from the prompt.", types)},
      {"files", {{"type", "array"}, {"description", "Paths below cwd to attach as text."}, {"items", plain("string")}}},
      {"cwd", text(directory_description(facts))},
      {"session", text("Session id of an earlier answer, to continue that conversation.")},
      {"timeout_s", integer("Time limit in seconds; default: " + std::to_string(facts.timeout.count()) + ".", 1, 3600)},
      {"background", flag("Return a run id at once; get the answer with result.")}};
  if (!facts.may_write) return properties;
  properties["write"] = flag("Let it change files and run commands.");
  properties["isolate"] = flag("With write: work in a copy of the git work tree; the change is applied at the end.");
  properties["continue_writing"] = flag("Go on with a change that another backend left half done.");
  return properties;
}

mcp::Tool ask_tool(const ToolFacts& facts) {
  const bool may_write = facts.may_write;
  return {.name = "ask",
          .title = "Ask another agent",
          .description = ask_description(facts),
          .input_schema = object(ask_properties(facts), {"prompt"}),
          .output_schema = run_schema(),
          .hints = {.read_only = !may_write, .destructive = may_write, .idempotent = false, .open_world = true},
          .meta = {{"anthropic/alwaysLoad", true}, {"anthropic/maxResultSizeChars", 200000}},
          .task_support = mcp::TaskSupport::optional};
}

mcp::Tool result_tool() {
  return {
      .name = "result",
      .title = "Get the answer of a run",
      .description =
          "Call this when ask returned a run id without an answer (it waits until the run ends), or next_offset (it "
          "returns the next part of a long answer). With cancel it stops the run.",
      .input_schema =
          object({{"run", text("Run id from ask.")},
                  {"wait_s", integer("Longest wait in seconds; default: as long as possible.", 0, kMaxWaitSeconds)},
                  {"offset", integer("next_offset of the previous part; default: 0.", 0, 1'000'000'000)},
                  {"cancel", flag("Stop the run.")}},
                 {"run"}),
      .output_schema = run_schema(),
      .hints = {.read_only = false, .destructive = false, .idempotent = true, .open_world = false},
      .meta = {{"anthropic/alwaysLoad", true}}};
}

mcp::Tool status_tool() {
  return {
      .name = "status",
      .title = "Which agents are ready",
      .description = "Which agents are ready or skipped, why and for how long, and their quota. ask does not need it.",
      .input_schema = object(OrderedJson::object(), OrderedJson::array()),
      .output_schema = {{"type", "object"},
                        {"properties", {{"backends", {{"type", "array"}, {"items", plain("object")}}}}},
                        {"required", {"backends"}}},
      .hints = {.read_only = true, .destructive = false, .idempotent = true, .open_world = false}};
}

}  // namespace

mcp::Capabilities capabilities(const ToolFacts& facts) {
  mcp::Capabilities all;
  all.info = {.name = "delegate", .title = "delegate", .version = DELEGATE_VERSION};
  all.info.description = "Asks the AI agents of this machine, and skips the broken ones";
  all.instructions = kInstructions;
  all.tools = {ask_tool(facts), result_tool(), status_tool()};
  all.resources = {
      {.uri = kStatusUri, .name = "status", .title = "Which agents are ready", .mime_type = "application/json"},
      {.uri = kHistoryUri, .name = "history", .title = "Latest runs in this project", .mime_type = "application/json"}};
  all.resource_templates = {{.uri_template = std::string(kRunUri) + "{id}",
                             .name = "run",
                             .title = "The whole answer of a run",
                             .mime_type = "text/plain"}};
  all.tasks = mcp::TaskKeeping{.now = [] { return std::chrono::system_clock::now(); },
                               .new_id =
                                   [] {
                                     return make_run_id(std::chrono::duration_cast<milliseconds>(
                                                            std::chrono::system_clock::now().time_since_epoch()),
                                                        random_bits());
                                   }};
  return all;
}

}  // namespace delegate::cli::server
