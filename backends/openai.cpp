#include "backends/kinds.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "backends/ollama_host.hpp"
#include "backends/quota_headers.hpp"
#include "backends/server_errors.hpp"
#include "backends/server_stream.hpp"
#include "backends/words.hpp"
#include "core/base/environment.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/run/call.hpp"

// Any OpenAI-compatible server: llama-server, LM Studio, vLLM, a gateway. Server-sent events, or one JSON document;
// only a finish_reason that means so, `[DONE]` or the end of that document ends the answer.
namespace delegate {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";
constexpr std::string_view kChat = "/chat/completions";
/// Behind a version these are no part of the API's own path.
constexpr std::array<std::string_view, 5> kEndpoints{"/models", "/completions", "/responses", "/chat", "/embeddings"};

/// "v1", "v1.0", "v2024-01-01", "v1beta2"
bool is_version(std::string_view segment) {
  const std::size_t stage = segment.find_first_not_of("0123456789.-", 1);
  if (segment.size() < 2 || segment[0] != 'v' || stage == 1 || segment[1] == '.' || segment[1] == '-') return false;
  const std::string_view rest = segment.substr(std::min(stage, segment.size()));
  return rest.empty() || rest.starts_with("alpha") || rest.starts_with("beta") || rest.starts_with("preview");
}

/// The path of an API: with a version, or with the name under which services put such an API beside their own.
bool is_api_path(std::string_view path) {
  const std::string small = lower(path);
  const auto segments = split(small, '/');
  return std::any_of(segments.begin(), segments.end(),
                     [](std::string_view one) { return is_version(one) || one == "openai" || one == "openapi"; });
}

std::string_view last_segment(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// The address of one endpoint of the API. `url` may name the server, its API or the chat endpoint itself; a query in
/// it (`?api-version=…`) stays at the end.
std::string url_of(const Task& task, std::string_view endpoint) {
  const std::string_view given = trim(task.settings.url);
  const std::string_view whole = given.substr(0, given.find('#'));
  const std::size_t query = std::min(whole.find('?'), whole.size());
  std::string url(whole.substr(0, query));
  const auto drop_slashes = [&] {
    while (url.ends_with('/')) url.pop_back();
  };
  drop_slashes();
  const bool is_chat = url.ends_with(kChat);
  if (is_chat) url.erase(url.size() - kChat.size());
  drop_slashes();
  for (const std::string_view end : kEndpoints)
    if (url.ends_with(end) && is_version(last_segment(std::string_view(url).substr(0, url.size() - end.size()))))
      url.erase(url.size() - end.size());
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
  // A key from a file or a secret store may end with a newline.
  const std::string key(trim(variable_in(task.environment, task.settings.api_key_env)));
  if (!task.settings.api_key_env.empty() && !key.empty()) out.push_back("Authorization: Bearer " + key);
  return out;
}

constexpr std::size_t kMostModels = 10'000;  // of a list; the rest is not looked at

/// The rows of the server's list, which may be bare, or that of another API.
Json rows_in(const HttpResult& list) {
  const bool is_bare = trim(list.body).starts_with('[');
  auto json = parse_object(is_bare ? "{\"data\":" + list.body + "}" : list.body);
  for (const char* place : {"data", "models"}) {
    if (!json || !json->contains(place) || !json->at(place).is_array()) continue;
    auto& rows = json->at(place).get_ref<Json::array_t&>();
    if (rows.size() > kMostModels) rows.resize(kMostModels);
    return std::move(rows);
  }
  return Json::array();
}

std::string name_in(const Json& row) {
  if (row.is_string()) return text_of(row);
  for (const char* place : {"/id", "/name", "/model"})
    if (std::string name = text_at(row, place); !name.empty()) return name;
  return {};
}

std::vector<std::string> models_in(const HttpResult& list) {
  std::vector<std::string> names;
  for (const Json& row : rows_in(list))
    if (std::string name = name_in(row); !name.empty()) names.push_back(std::move(name));
  return names;
}

/// The first model for chats, better one that is loaded; empty: there is none.
std::string first_model(const HttpResult& list) {
  std::string first;
  for (const Json& row : rows_in(list)) {
    std::string name = name_in(row);
    if (name.empty() || !is_chat_model(row, name)) continue;
    if (text_at(row, "/state") == "loaded") return name;
    if (first.empty()) first = std::move(name);
  }
  return first;
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

/// Adds to what was said in pieces: without the blanks before it, and noting where those behind it begin.
void note_piece(std::string_view piece, ParsedOutput& parsed) {
  auto& event = parsed.event;
  if (event.words.empty()) piece.remove_prefix(std::min(piece.find_first_not_of(kBlanks), piece.size()));
  if (event.words.size() > 2 * kLongestRecord) event.words.erase(0, kLongestRecord);  // no message repeats more
  event.words += piece;
  const std::size_t blanks = piece.size() - std::min(piece.find_last_not_of(kBlanks) + 1, piece.size());
  if (blanks < piece.size()) event.words_end = event.words.size() - blanks;
}

/// A message behind pieces may be all of them once more.
bool repeats_pieces(std::string_view words, const ParsedOutput& parsed) {
  const std::string_view said = std::string_view(parsed.event.words).substr(0, parsed.event.words_end);
  return !said.empty() && (words.starts_with(said) || said.ends_with(trim(words)));
}

/// Pieces come as `delta`, from some servers as `message`.
void read_words(const Json& json, ParsedOutput& parsed) {
  const Json& choice = at(json, "/choices/0");
  if (integer_at(choice, "/index").value_or(0) != 0) return;  // a second answer
  const Json& delta = at(choice, "/delta");
  const Json& message = at(choice, "/message");
  for (const Json* part : {&delta, &message}) {
    note_beside_words(*part, parsed);
    note_unknown_shape(at(*part, "/content"), parsed);
  }
  std::string words = words_in(delta.is_string() ? delta : at(delta, "/content"));
  if (words.empty()) words = words_in(at(delta, "/text"));
  note_piece(words, parsed);
  if (words.empty()) words = words_in(at(message, "/content"));
  else return say_words(words, parsed);
  if (repeats_pieces(words, parsed)) return;
  if (words.empty() && !delta.is_object() && !message.is_object()) words = words_in(at(choice, "/text"));
  say_words(words, parsed);
}

void read_record(const Json& json, const Task& task, ParsedOutput& parsed) {
  Json error = error_in(json);
  if (error.is_null() && parsed.event.name == "error") error = json;
  if (!error.is_null()) {
    if (parsed.end_announced) return;
    const auto own = status_in(error);
    parsed.failure = server_failure(error, task, own ? own : status_in(json));
    ++parsed.progress;
    return;
  }
  if (const Json remark = remark_in(json); !remark.is_null()) {
    parsed.if_empty = server_failure(remark, task, status_in(remark));
    return;
  }
  parsed.doing.clear();
  if (std::string model = text_at(json, "/model"); !model.empty()) parsed.model = std::move(model);
  if (names_thinker(parsed.model.empty() ? task.model : parsed.model)) parsed.spoken.expect_thinking();
  read_usage(json, task, parsed);
  if (parsed.failure) return;
  read_words(json, parsed);
  // A gateway may say "stop" although its provider says otherwise.
  const std::string native = text_at(json, "/choices/0/native_finish_reason");
  if (!parsed.end_announced)
    read_reason(is_bad_reason(native) ? native : text_at(json, "/choices/0/finish_reason"), task, parsed);
}

/// A list with an error instead of models, or without any for chats.
std::optional<Failure> refused_list(const Task& task, const HttpResult& list) {
  const Json json = parse_object(list.body).value_or(Json::object());
  if (const Json error = error_in(json); !error.is_null() && !json.contains("data"))
    return server_failure(error, task, status_in(error));
  const std::vector<std::string> names = models_in(list);
  if (names.empty() || !first_model(list).empty()) return std::nullopt;
  return Failure{.outcome = Outcome::model_rejected,
                 .message = "none of its models seems to be for chats: " + one_line(join(names, ", "), 200),
                 .hint = "name the one to ask in backends." + task.settings.name + ".model"};
}

constexpr Hint kHints[] = {
    {Outcome::unreachable, "start the server, or set backends.{name}.url", "Start its server."},
    {Outcome::connect_timeout, "start the server, or set backends.{name}.url", "Start its server."},
    {Outcome::unauthenticated, "name the variable that holds its key in backends.{name}.api_key_env",
     "Set its API key with backends.{name}.api_key_env."},
    {Outcome::bad_request, "leave --session out: a server has no sessions ({session})"},
    {Outcome::cannot_write, "a server has no tools: choose claude, codex or gemini with -b"},
    {Outcome::bad_output, "check that backends.{name}.url is the address of an OpenAI-compatible server",
     "Check backends.{name}.url."},
    {Outcome::cut_short, "raise backends.{name}.max_tokens, or ask for less at a time"},
    {Outcome::resources, "choose a smaller model with backends.{name}.model, or end programs that need much memory"},
};

class OpenAi final : public Backend {
 public:
  Failure without_echo(Failure failure, std::string message) const override {
    return server_failure_without_echo(std::move(failure), std::move(message));
  }
  std::string_view kind() const override { return "openai"; }
  Capabilities capabilities(const BackendSettings&) const override {  // delegate gives it no tools
    return {Capability::stream, Capability::take_schema};
  }
  bool is_process() const override { return false; }
  bool enforces_read_only() const override { return true; }  // it has no tools
  bool reports_quota() const override { return true; }       // in headers, if its server does
  std::string endpoint(const Task& task) const override { return base_url(task); }
  Call version_call(const Task& task) const override {
    return HttpRequest{.method = "GET", .url = url_of(task, "/models"), .headers = headers(task)};
  }

  std::optional<HttpRequest> lookup(const Task& task, const std::vector<HttpResult>& answers) const override {
    if (!task.model.empty() || !answers.empty()) return std::nullopt;
    return HttpRequest{.method = "GET", .url = url_of(task, "/models"), .headers = headers(task)};
  }

  tl::expected<Call, Failure> prepare(const Task& task, const std::vector<HttpResult>& answers) const override {
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
    const bool has_ended = parsed.end_announced;
    const std::size_t progress = parsed.progress;
    const std::size_t unreadable = parsed.unreadable;
    const StreamLine said = read_event_line(parsed, line);
    if (has_ended) parsed.event.holes += std::exchange(parsed.unreadable, unreadable) - unreadable;
    if (!said.error_words.empty() && !parsed.end_announced)
      parsed.failure = server_failure(Json(said.error_words), task), ++parsed.progress;
    for (const Json& record : said.records) read_record(record, task, parsed);
    if (said.is_done) parsed.complete = true;
    // A hole behind the end is one in the answer only if the answer goes on behind it.
    if (has_ended && parsed.progress != progress) parsed.unreadable += std::exchange(parsed.event.holes, 0);
  }

  std::optional<QuotaReading> quota_of_headers(std::span<const HttpResult::Header> limits,
                                               milliseconds now) const override {
    return quota_in_headers(limits, now);
  }

  /// A document with an answer is whole, whatever it says about its end.
  void conclude(ParsedOutput& parsed, const Task& task) const override {
    if (parsed.spoken.is_begun()) return;
    const bool is_document = parse_object(parsed.event.body).has_value();
    for (const Json& record : records_in_body(parsed)) {
      read_record(record, task, parsed);
      if (is_document && record.contains("choices")) parsed.complete = true;
    }
    const bool is_silent = !parsed.complete && !parsed.spoken.is_begun() && !parsed.failure;
    if (is_silent) parsed.failure = parsed.if_empty;
  }

  bool ends_document(const ParsedOutput& parsed, std::string_view last_line) const override {
    const std::string& body = parsed.event.body;
    if (parsed.event.objects != 1 || parsed.spoken.is_begun()) return false;
    const auto document = parse_object(std::string(body).append(last_line));
    return document && document->contains("choices");
  }

  std::optional<Failure> explain(const ParsedOutput& parsed, const Task& task, const RawOutput& raw) const override {
    if (raw.http_status == 200) return parsed.spoken.is_begun() ? std::nullopt : explain_body(task, raw.body);
    if (auto told = failure_in_body(raw.body, task, raw.http_status)) return told;
    return server_failure(Json(std::string(raw.body)), task, raw.http_status);
  }

  ModelChoice choose_model(const Task& task, const std::vector<HttpResult>& lookups) const override {
    const std::string model = !task.model.empty() ? task.model : lookups.empty() ? "" : first_model(lookups[0]);
    if (model.empty()) return {};
    return {model, "asks " + one_line(model)};
  }

  std::span<const Hint> hints() const override { return kHints; }
};

}  // namespace

const Backend& openai_backend() {
  static const OpenAi backend;
  return backend;
}

}  // namespace delegate
