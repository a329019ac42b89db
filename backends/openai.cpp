#include "backends/kinds.hpp"

#include <algorithm>
#include <climits>

#include "backends/ollama_host.hpp"
#include "backends/server_errors.hpp"
#include "backends/server_stream.hpp"
#include "core/base/environment.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

// Any OpenAI-compatible server: llama-server, LM Studio, vLLM, a gateway. Server-sent events, or one JSON document;
// only a finish_reason that means so, `[DONE]` or the end of that document ends the answer.
namespace delegate {
namespace {

constexpr std::string_view kChat = "/chat/completions";

/// "v1", "v4", "v1beta2"
bool is_version(std::string_view segment) {
  const std::size_t digits = segment.find_first_not_of("0123456789", 1);
  if (!segment.starts_with('v') || segment.size() < 2 || digits == 1) return false;
  const std::string_view stage = segment.substr(std::min(digits, segment.size()));
  return stage.empty() || stage.starts_with("alpha") || stage.starts_with("beta") || stage.starts_with("preview");
}

/// The path of an API: with a version, or with the name under which services put such an API beside their own.
bool is_api_path(std::string_view path) {
  const auto segments = split(path, '/');
  return std::any_of(segments.begin(), segments.end(),
                     [](std::string_view one) { return is_version(one) || one == "openai" || one == "openapi"; });
}

/// The address of one endpoint of the API. `url` may name the server, its API or the chat endpoint itself; a query in
/// it (`?api-version=…`) stays at the end.
std::string url_of(const Task& task, std::string_view endpoint) {
  const std::string_view whole = trim(task.settings.url);
  const std::size_t query = std::min(whole.find('?'), whole.size());
  std::string url(whole.substr(0, query));
  const auto drop_slashes = [&] {
    while (url.ends_with('/')) url.pop_back();
  };
  drop_slashes();
  const bool is_chat = url.ends_with(kChat);
  if (is_chat) url.erase(url.size() - kChat.size());
  drop_slashes();
  const std::size_t host = url.find("://");
  const std::size_t path = url.find('/', host == std::string::npos ? 0 : host + 3);
  if (!is_chat && (path == std::string::npos || !is_api_path(std::string_view(url).substr(path)))) url += "/v1";
  return url.append(endpoint).append(whole.substr(query));
}

/// For display.
std::string base_url(const Task& task) {
  const std::string url = without_credentials(url_of(task, ""));
  return url.substr(0, url.find('?'));
}

std::vector<std::string> headers(const Task& task) {
  std::vector<std::string> out{"Content-Type: application/json"};
  const std::string key = variable_in(task.environment, task.settings.api_key_env);
  if (!task.settings.api_key_env.empty() && !key.empty()) out.push_back("Authorization: Bearer " + key);
  return out;
}

/// The names in the server's list.
std::vector<std::string> models_in(const HttpResult& list) {
  std::vector<std::string> names;
  const Json json = parse_object(list.body).value_or(Json::object());
  for (const Json& row : at(json, "/data"))
    if (std::string id = text_at(row, "/id"); !id.empty()) names.push_back(std::move(id));
  return names;
}

/// The first model for chats; empty: there is none.
std::string first_model(const HttpResult& list) {
  for (std::string& name : models_in(list))
    if (names_chat_model(name)) return std::move(name);
  return {};
}

/// The part of a record that is an error; null: it is none. `event` is the name of the event that has the record.
const Json& error_part(const Json& json, std::string_view event) {
  static const Json kNone;
  const Json& error = at(json, "/error");
  const bool is_set = error.is_string() ? !trim(text_of(error)).empty() : error.is_object() && !error.empty();
  if (is_set) return error;
  if (event == "error" || text_at(json, "/object") == "error" || text_at(json, "/type") == "error") return json;
  if (json.contains("choices")) return kNone;
  const bool has_code = json.contains("code") || json.contains("status") || json.contains("statusCode");
  const bool is_told = json.contains("detail") || json.contains("errors") || (has_code && json.contains("message"));
  return is_told ? json : kNone;
}

/// The HTTP status that an error inside a 200 states.
std::optional<std::int64_t> status_in(const Json& error) {
  for (const char* place : {"/code", "/status", "/statusCode", "/status_code"}) {
    const std::string word = text_at(error, place);
    const bool is_number = word.size() == 3 && word.find_first_not_of("0123456789") == std::string::npos;
    const auto status = is_number ? std::optional<std::int64_t>(std::stoi(word)) : integer_at(error, place);
    if (status && *status >= 400 && *status < 600) return status;
  }
  return std::nullopt;
}

void read_usage(const Json& json, const Task& task, ParsedOutput& parsed) {
  if (const auto tokens = integer_at(json, "/usage/completion_tokens")) parsed.usage.output_tokens = tokens;
  const auto tokens = integer_at(json, "/usage/prompt_tokens");
  if (!tokens) return;
  parsed.usage.input_tokens = tokens;
  // Some servers leave out what they had in their cache.
  const auto cached = integer_at(json, "/usage/prompt_tokens_details/cached_tokens").value_or(0);
  const bool is_sum = cached > 0 && cached < INT_MAX && *tokens < INT_MAX;
  std::string cut = warning_of_cut_prompt(task, is_sum ? *tokens + cached : *tokens);
  if (!cut.empty() && parsed.warnings.empty()) parsed.warnings.push_back(std::move(cut));
}

/// Pieces come as `delta`, from some servers as `message`. A message behind deltas repeats them.
void read_words(const Json& json, ParsedOutput& parsed) {
  const Json& choice = at(json, "/choices/0");
  const Json& delta = at(choice, "/delta");
  const Json& message = at(choice, "/message");
  note_thoughts(delta, parsed);
  note_thoughts(message, parsed);
  std::string words = words_in(at(delta, "/content"));
  const bool repeats = parsed.spoken.is_begun() && (delta.is_object() || text_at(json, "/object") == "chat.completion");
  if (words.empty() && !repeats) words = words_in(at(message, "/content"));
  if (words.empty() && !delta.is_object() && !message.is_object()) words = words_in(at(choice, "/text"));
  parsed.say(words);
}

void read_record(const Json& json, const Task& task, ParsedOutput& parsed) {
  if (const Json& error = error_part(json, parsed.event.name); !error.is_null()) {
    if (!parsed.end_announced) parsed.failure = server_failure(error, task, status_in(error));
    return;
  }
  parsed.doing.clear();
  if (std::string model = text_at(json, "/model"); !model.empty()) parsed.model = std::move(model);
  if (names_thinker(parsed.model)) parsed.spoken.expect_thinking();
  read_usage(json, task, parsed);
  if (parsed.end_announced || parsed.failure) return;
  read_words(json, parsed);
  // A gateway may say "stop" although its provider says otherwise.
  const std::string native = text_at(json, "/choices/0/native_finish_reason");
  read_reason(is_bad_reason(native) ? native : text_at(json, "/choices/0/finish_reason"), task, parsed);
}

/// A list with an error instead of models, or without any for chats.
std::optional<Failure> refused_list(const Task& task, const HttpResult& list) {
  const Json json = parse_object(list.body).value_or(Json::object());
  if (const Json& error = error_part(json, {}); !error.is_null() && !json.contains("data"))
    return server_failure(error, task, status_in(error));
  const std::vector<std::string> names = models_in(list);
  if (names.empty() || !first_model(list).empty()) return std::nullopt;
  return Failure{.outcome = Outcome::model_rejected,
                 .message = "none of its models seems to be for chats: " + one_line(join(names, ", "), 200),
                 .hint = "name the one to ask in backends." + task.settings.name + ".model"};
}

constexpr Hint kHints[] = {
    {Outcome::unreachable, "start the server, or set backends.{name}.url"},
    {Outcome::connect_timeout, "start the server, or set backends.{name}.url"},
    {Outcome::unauthenticated, "name the variable that holds its key in backends.{name}.api_key_env"},
    {Outcome::bad_request, "leave --session out: a server has no sessions ({session})"},
    {Outcome::bad_output, "check that backends.{name}.url is the address of an OpenAI-compatible server"},
    {Outcome::cut_short, "raise backends.{name}.max_tokens, or ask for less at a time"},
    {Outcome::resources, "choose a smaller model with backends.{name}.model, or end programs that need much memory"},
};

class OpenAi final : public Backend {
 public:
  std::string_view kind() const override { return "openai"; }
  bool is_process() const override { return false; }
  bool enforces_read_only() const override { return true; }  // it has no tools
  std::string endpoint(const Task& task) const override { return base_url(task); }
  Call version_call(const Task& task) const override {
    return HttpRequest{.method = "GET", .url = url_of(task, "/models"), .headers = headers(task)};
  }

  std::optional<HttpRequest> lookup(const Task& task, const std::vector<HttpResult>& answers) const override {
    if (!task.model.empty() || !answers.empty()) return std::nullopt;
    return HttpRequest{.method = "GET", .url = url_of(task, "/models"), .headers = headers(task)};
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
    if (model.empty() && !answers.empty()) {
      if (auto refused = refused_list(task, answers[0])) return tl::unexpected(*std::move(refused));
      model = first_model(answers[0]);
    }
    Json body{{"stream", true}};
    if (task.settings.max_tokens > 0) body["max_tokens"] = task.settings.max_tokens;
    if (!model.empty()) body["model"] = model;
    if (!task.system.empty()) body["messages"].push_back({{"role", "system"}, {"content", task.system}});
    body["messages"].push_back({{"role", "user"}, {"content", task.prompt}});
    return HttpRequest{.method = "POST", .url = url_of(task, kChat), .headers = headers(task), .body = dump(body)};
  }

  void read(ParsedOutput& parsed, const Task& task, Stream, std::string_view line) const override {
    if (parsed.complete) return;
    const bool has_ended = parsed.end_announced;  // what follows is no part of the answer
    const std::size_t unreadable = parsed.unreadable;
    const StreamLine said = read_event_line(parsed, line);
    if (has_ended) parsed.unreadable = unreadable;
    if (!said.error_words.empty() && !parsed.end_announced)
      parsed.failure = server_failure(Json(said.error_words), task);
    for (const Json& record : said.records) read_record(record, task, parsed);
    if (said.is_done) parsed.complete = true;
  }

  /// A document with an answer is whole, whatever it says about its end.
  void conclude(ParsedOutput& parsed, const Task& task) const override {
    if (parsed.spoken.is_begun()) return;
    const std::string body = parsed.event.body;
    for (const Json& record : records_in_body(parsed)) {
      const bool is_document = parse_object(body).has_value();
      read_record(record, task, parsed);
      if (is_document && record.contains("choices")) parsed.complete = true;
    }
  }

  std::optional<Failure> explain(const ParsedOutput& parsed, const Task& task, const RawOutput& raw) const override {
    if (raw.http_status == 200) return parsed.spoken.is_begun() ? std::nullopt : explain_body(task, raw.body);
    if (auto told = failure_in_body(raw.body, task, raw.http_status)) return told;
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
