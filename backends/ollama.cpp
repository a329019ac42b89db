#include "backends/kinds.hpp"

#include "backends/error_meaning.hpp"
#include "backends/ollama_host.hpp"
#include "backends/ollama_models.hpp"
#include "backends/server_errors.hpp"
#include "backends/server_stream.hpp"
#include "backends/words.hpp"
#include "core/base/environment.hpp"
#include "core/base/json.hpp"

// The local model through the native API of Ollama. Beware: no byte arrives before the first token; a stream may end
// cleanly before the end of the answer; by default a prompt that does not fit is cut silently; models whose name ends
// in "cloud", or that have a remote host, are not local.
namespace delegate {
namespace {

constexpr const char* kKeepLoaded = "15m";  // so that a second fallback finds the model loaded
constexpr std::size_t kLongestShown = 80;

/// The configured address; empty: none.
std::string named_place(const Task& task) {
  if (!task.settings.url.empty()) return task.settings.url;
  return variable_in(task.environment, "OLLAMA_HOST");
}

std::string base_url(const Task& task) { return ollama_base_url(named_place(task)); }

/// For display.
std::string shown_url(const Task& task) { return without_credentials(base_url(task)); }

/// A server behind a proxy, or a service, may want a key.
std::vector<std::string> key_header(const Task& task) {
  // A key from a file or a secret store may end with a newline.
  const std::string key(trim(variable_in(task.environment, task.settings.api_key_env)));
  if (task.settings.api_key_env.empty() || key.empty()) return {};
  return {"Authorization: Bearer " + key};
}

HttpRequest get(const Task& task, const char* place) {
  return {.method = "GET", .url = base_url(task) + place, .headers = key_header(task)};
}

HttpRequest post(const Task& task, const char* place, const Json& body) {
  HttpRequest request{.method = "POST", .url = base_url(task) + place, .headers = key_header(task), .body = dump(body)};
  request.headers.insert(request.headers.begin(), "Content-Type: application/json");
  return request;
}

/// `done` is the end, unless its reason says that something went wrong.
void read_end(const Json& json, const Task& task, ParsedOutput& parsed) {
  parsed.usage.input_tokens = integer_at(json, "/prompt_eval_count");
  parsed.usage.output_tokens = integer_at(json, "/eval_count");
  read_reason(text_at(json, "/done_reason"), task, parsed);
  parsed.complete = true;
  if (std::string cut = warning_of_cut_prompt(task, parsed.usage.input_tokens); !cut.empty())
    parsed.warnings.push_back(std::move(cut));
}

void read_record(const Json& json, const Task& task, ParsedOutput& parsed) {
  if (parsed.complete) return;
  if (const Json error = error_in(json); !error.is_null()) {
    parsed.failure = server_failure(error, task);
    ++parsed.progress;
    return;
  }
  if (const Json remark = remark_in(json); !remark.is_null()) {
    parsed.if_empty = server_failure(remark, task);
    return;
  }
  if (std::string model = text_at(json, "/model"); !model.empty()) parsed.model = std::move(model);
  parsed.doing.clear();
  const Json& message = at(json, "/message");
  for (const Json* part : {&message, &json}) note_beside_words(*part, parsed);  // a completion has no message
  const Json& content = at(json, message.is_object() ? "/message/content" : "/response");
  note_unknown_shape(content, parsed);
  say_words(words_in(content), parsed);
  const bool remote = !text_at(json, "/remote_host").empty() || has_cloud_name(parsed.model);
  if (remote && parsed.warnings.empty())
    parsed.warnings.push_back(parsed.model + " does not run on this machine: the prompt went to its remote host");
  if (true_at(json, "/done")) read_end(json, task, parsed);
}

/// A server bound to loopback rejects other host names, as a protection against DNS rebinding.
Failure refused_host(const Task& task) {
  return {Outcome::blocked, "the server refused the Host header of " + shown_url(task), {}};
}

/// Why there is no list of models.
Failure no_list(const Task& task, const HttpResult& tags) {
  if (tags.status == 403 && trim(tags.body).empty()) return refused_host(task);
  const std::string status = std::to_string(tags.status);
  Failure told = server_failure(Json(tags.body), task, tags.status);
  // "Not found" means another server here, not a missing model.
  if (tags.status < 400 || tags.status == 404 || !told.is_recognised)
    return {Outcome::bad_output,
            shown_url(task) + " does not speak Ollama's API (status " + status + " for /api/tags)",
            {}};
  told.message = "status " + status + " for /api/tags: " + told.message;
  return told;
}

constexpr std::string_view kStart = "start it with `ollama serve`, or set OLLAMA_HOST or backends.{name}.url";

constexpr Hint kHints[] = {
    {Outcome::not_installed, "install it from https://ollama.com, then `ollama serve`", "Install it from ollama.com."},
    {Outcome::unreachable, kStart, "Run ollama serve to start it."},
    {Outcome::connect_timeout, kStart, "Run ollama serve to start it."},
    {Outcome::unauthenticated,
     "`ollama signin` for a cloud model; name the variable with a proxy's key in backends.{name}.api_key_env",
     "Run ollama signin."},
    {Outcome::model_rejected, "ollama pull {model}", "Run ollama pull {model}."},
    {Outcome::model_rejected, "ollama pull qwen3", "Run ollama pull qwen3."},
    {Outcome::bad_request, "leave --session out: a local model has no sessions ({session})"},
    {Outcome::cannot_write, "a local model has no tools: choose claude, codex or gemini with -b"},
    {Outcome::context_too_long, "shorten the prompt, or choose a model with a larger window"},
    {Outcome::bad_output, "check that backends.{name}.url or OLLAMA_HOST is the address of an Ollama server",
     "Check backends.{name}.url and OLLAMA_HOST."},
    {Outcome::cut_short, "raise backends.{name}.max_tokens, or ask for less at a time"},
    {Outcome::resources, "choose a smaller model with backends.{name}.model, or end programs that need much memory"},
    {Outcome::blocked, "use the address 127.0.0.1 instead of a name in backends.{name}.url or OLLAMA_HOST"},
};

class Ollama final : public Backend {
 public:
  Failure without_echo(Failure failure, std::string message) const override {
    return server_failure_without_echo(std::move(failure), std::move(message));
  }
  std::string_view kind() const override { return "ollama"; }
  Capabilities capabilities(const BackendSettings&) const override {  // delegate gives it no tools
    return {Capability::stream, Capability::take_schema};
  }
  bool is_process() const override { return false; }
  bool enforces_read_only() const override { return true; }  // it has no tools
  std::string endpoint(const Task& task) const override { return shown_url(task); }
  std::string_view server_program(const Task& task) const override { return named_place(task).empty() ? "ollama" : ""; }
  Call version_call(const Task& task) const override { return get(task, "/api/version"); }

  // The installed models, the loaded ones, and details of the chosen one.
  std::optional<HttpRequest> lookup(const Task& task, const std::vector<HttpResult>& answers) const override {
    if (answers.empty()) return get(task, "/api/tags");
    if (answers[0].status != 200) return std::nullopt;
    if (answers.size() == 1) return get(task, "/api/ps");
    const auto model = choose_ollama_model(task, answers);
    if (!model || model->remote || model->shown) return std::nullopt;
    return post(task, "/api/show", {{"model", model->name}});
  }

  /// A chat without messages loads the model. It uses the context window of the coming request: another size would load
  /// the model a second time.
  std::optional<Load> load(const Task& task, const std::vector<HttpResult>& answers) const override {
    if (answers.size() < 2) return std::nullopt;
    const auto model = choose_ollama_model(task, answers);
    if (!model || model->remote) return std::nullopt;
    const int window = ollama_window(task, *model);
    const bool fits = window == 0 || model->loaded_window == 0 || window == model->loaded_window;
    if (model->loaded && fits) return std::nullopt;
    Json body{{"model", model->name},
              {"stream", false},
              {"keep_alive", kKeepLoaded},
              {"messages", Json::array()},
              {"options", Json::object()}};
    if (window > 0) body["options"]["num_ctx"] = window;
    return Load{post(task, "/api/chat", body), one_line(model->name, kLongestShown)};
  }

  /// Without a model name for the tier: by size, among the installed models.
  bool choose(Task& task, Tier tier) const override {
    if (Backend::choose(task, tier)) return true;
    task.model.clear();
    task.local_size = tier;
    return true;
  }

  tl::expected<Call, Failure> prepare(const Task& task, const std::vector<HttpResult>& answers) const override {
    if (answers.size() < 2) return tl::unexpected(no_list(task, answers.empty() ? HttpResult{} : answers[0]));
    auto model = choose_ollama_model(task, answers);
    if (!model) return tl::unexpected(std::move(model).error());
    const int window = ollama_window(task, *model);
    if (window > 0 && window < estimated_tokens(task))
      return tl::unexpected(Failure{Outcome::context_too_long,
                                    "the prompt has about " + std::to_string(estimated_tokens(task)) + " tokens, " +
                                        model->name + " takes " + std::to_string(window),
                                    {}});
    Json body{{"model", model->name},      {"stream", true},           {"truncate", false}, {"think", false},
              {"keep_alive", kKeepLoaded}, {"options", Json::object()}};
    if (task.settings.max_tokens > 0) body["options"]["num_predict"] = task.settings.max_tokens;
    if (window > 0) body["options"]["num_ctx"] = window;
    if (!task.system.empty()) body["messages"].push_back({{"role", "system"}, {"content", task.system}});
    body["messages"].push_back({{"role", "user"}, {"content", task.prompt}});
    return post(task, "/api/chat", body);
  }

  void read(ParsedOutput& parsed, const Task& task, Stream, std::string_view line) const override {
    if (parsed.complete) return;
    for (const Json& record : read_json_line(parsed, line).records) read_record(record, task, parsed);
  }

  /// One record over several lines.
  void conclude(ParsedOutput& parsed, const Task& task) const override {
    for (const Json& record : records_in_body(parsed)) read_record(record, task, parsed);
    if (!parsed.complete && !parsed.spoken.is_begun() && !parsed.failure) parsed.failure = parsed.if_empty;
  }

  bool ends_document(const ParsedOutput&, std::string_view last_line) const override {
    const auto record = parse_object(last_line);
    return record && true_at(*record, "/done");
  }

  std::optional<Failure> explain(const ParsedOutput& parsed, const Task& task, const RawOutput& raw) const override {
    if (raw.http_status == 200)
      return parsed.spoken.is_begun() || !parsed.model.empty() ? std::nullopt : explain_body(task, raw.body);
    if (raw.http_status == 403 && trim(raw.body).empty()) return refused_host(task);
    if (raw.http_status == 404 && (trim(raw.body).empty() || speaks_of_model(raw.body)))
      return Failure{Outcome::model_rejected, "model '" + task.model + "' is not installed", {}};
    if (auto told = failure_in_body(raw.body, task, raw.http_status)) return told;
    return server_failure(Json(std::string(raw.body)), task, raw.http_status);
  }

  ModelChoice choose_model(const Task& task, const std::vector<HttpResult>& lookups) const override {
    if (lookups.size() < 2) return {};
    const auto model = choose_ollama_model(task, lookups);
    if (!model) return {};
    std::string text = "asks " + one_line(model->name, kLongestShown);
    if (model->remote) return {model->name, text + ", which does not run on this machine"};
    text += model->loaded ? ", which is loaded" : ", which is loaded when it is needed";
    if (model->loaded_window > 0) text += " with a window of " + std::to_string(model->loaded_window) + " tokens";
    else if (model->longest_window > 0)
      text += "; its window: up to " + std::to_string(model->longest_window) + " tokens";
    return {model->name, text};
  }

  std::span<const Hint> hints() const override { return kHints; }
};

}  // namespace

const Backend& ollama_backend() {
  static const Ollama backend;
  return backend;
}

}  // namespace delegate
