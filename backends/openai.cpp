#include "backends/kinds.hpp"

#include "backends/error_facts.hpp"
#include "backends/ollama_host.hpp"
#include "backends/server_errors.hpp"
#include "core/base/environment.hpp"
#include "core/base/json.hpp"

// Any OpenAI-compatible server: llama-server, LM Studio, vLLM. Server-sent events; only a finish_reason or `[DONE]`
// ends the answer.
namespace delegate {
namespace {

std::string base_url(const Task& task) {
  std::string url = task.settings.url;
  while (url.ends_with('/')) url.pop_back();
  return url.ends_with("/v1") ? url : url + "/v1";
}

std::vector<std::string> headers(const Task& task) {
  std::vector<std::string> out{"Content-Type: application/json"};
  const std::string key = variable_in(task.environment, task.settings.api_key_env);
  if (!task.settings.api_key_env.empty() && !key.empty()) out.push_back("Authorization: Bearer " + key);
  return out;
}

/// The first chat model of the server's list, which may contain models for embedding or ranking.
std::string first_model(const HttpResult& models) {
  const auto json = parse_object(models.body);
  if (!json) return {};
  for (const Json& row : at(*json, "/data")) {
    std::string id = text_at(row, "/id");
    if (!id.empty() && !contains_ignoring_case(id, "embed") && !contains_ignoring_case(id, "rerank")) return id;
  }
  return text_at(*json, "/data/0/id");
}

void read_end(const Task& task, const std::string& reason, ParsedOutput& parsed) {
  parsed.end_announced = true;  // usage and [DONE] may follow
  if (reason == "length")
    parsed.warnings.push_back("the answer was cut at " + std::to_string(task.settings.max_tokens) +
                              " tokens (max_tokens, or the model's window)");
}

constexpr Hint kHints[] = {
    {Outcome::unreachable, "start the server, or set backends.{name}.url"},
    {Outcome::connect_timeout, "start the server, or set backends.{name}.url"},
    {Outcome::unauthenticated, "name the variable that holds its key in backends.{name}.api_key_env"},
    {Outcome::bad_request, "leave --session out: a server has no sessions ({session})"},
    {Outcome::bad_output, "check that backends.{name}.url is the address of an OpenAI-compatible server"},
};

class OpenAi final : public Backend {
 public:
  std::string_view kind() const override { return "openai"; }
  bool is_process() const override { return false; }
  bool enforces_read_only() const override { return true; }  // it has no tools
  std::string endpoint(const Task& task) const override { return without_credentials(base_url(task)); }
  Call version_call(const Task& task) const override {
    return HttpRequest{.method = "GET", .url = base_url(task) + "/models", .headers = headers(task)};
  }

  std::optional<HttpRequest> lookup(const Task& task, const std::vector<HttpResult>& answers) const override {
    if (!task.model.empty() || !answers.empty()) return std::nullopt;
    return HttpRequest{.method = "GET", .url = base_url(task) + "/models", .headers = headers(task)};
  }

  tl::expected<Call, Failure> prepare(const Task& task, const std::vector<HttpResult>& answers) const override {
    if (!task.session.empty())
      return tl::unexpected(Failure{.outcome = Outcome::bad_request,
                                    .message = "this server has no sessions to continue",
                                    .is_callers_own = true});
    if (!answers.empty() && answers[0].status != 200)
      return tl::unexpected(explain({}, task, {.http_status = answers[0].status, .body = answers[0].body})
                                .value_or(Failure{Outcome::bad_output, "no list of models at " + base_url(task), {}}));
    std::string model = task.model;
    if (model.empty() && !answers.empty()) model = first_model(answers[0]);
    Json body{{"stream", true}, {"max_tokens", task.settings.max_tokens}};
    if (!model.empty()) body["model"] = model;
    if (!task.system.empty()) body["messages"].push_back({{"role", "system"}, {"content", task.system}});
    body["messages"].push_back({{"role", "user"}, {"content", task.prompt}});
    return HttpRequest{
        .method = "POST", .url = base_url(task) + "/chat/completions", .headers = headers(task), .body = dump(body)};
  }

  void read(ParsedOutput& parsed, const Task& task, Stream, std::string_view line) const override {
    if (!line.starts_with("data:")) return;  // comments (keep-alive) and other fields
    const std::string_view data = trim(line.substr(5));
    if (data == "[DONE]") {
      parsed.complete = true;
      return;
    }
    const auto json = parse_object(data);
    if (!json) return;
    parsed.doing.clear();
    if (const Json error = error_in(*json); !error.is_null()) {
      parsed.failure = server_failure(error, task);
      return;
    }
    if (std::string model = text_at(*json, "/model"); !model.empty()) parsed.model = std::move(model);
    parsed.text_grows = true;
    parsed.text += text_at(*json, "/choices/0/delta/content");
    if (const auto tokens = integer_at(*json, "/usage/completion_tokens")) parsed.usage.output_tokens = tokens;
    if (const auto tokens = integer_at(*json, "/usage/prompt_tokens")) {
      parsed.usage.input_tokens = tokens;
      std::string cut = warning_of_cut_prompt(task, tokens);
      if (!cut.empty() && parsed.warnings.empty()) parsed.warnings.push_back(std::move(cut));
    }
    if (const std::string reason = text_at(*json, "/choices/0/finish_reason"); !reason.empty())
      read_end(task, reason, parsed);
  }

  std::optional<Failure> explain(const ParsedOutput&, const Task& task, const RawOutput& raw) const override {
    if (auto told = failure_in_body(raw.body, task, raw.http_status)) return told;
    if (raw.http_status == 200) {
      if (!is_web_page(raw.body)) return std::nullopt;
      return Failure{Outcome::bad_output, "sent a web page instead of an answer: " + title_of_page(raw.body), {}};
    }
    return server_failure(Json(std::string(raw.body)), task, raw.http_status);
  }

  std::string describe_model(const Task& task, const std::vector<HttpResult>& lookups) const override {
    const std::string model = !task.model.empty() ? task.model : lookups.empty() ? "" : first_model(lookups[0]);
    return model.empty() ? std::string() : "asks " + one_line(model);
  }

  std::span<const Hint> hints() const override { return kHints; }
};

}  // namespace

const Backend& openai_backend() {
  static const OpenAi backend;
  return backend;
}

}  // namespace delegate
