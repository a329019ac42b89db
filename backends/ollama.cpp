#include "backends/ollama.hpp"

#include <algorithm>
#include <climits>

#include "backends/json.hpp"
#include "backends/ollama_host.hpp"
#include "backends/signatures.hpp"

// The local model through Ollama's native API. Its traps: no byte comes before the first token; a stream may end
// cleanly without the end of the answer; a prompt that does not fit is cut silently unless told otherwise; and models
// whose name ends in "cloud", or that carry a remote host, are not local at all.
namespace delegate {
namespace {

constexpr double kBytesPerToken = 3.5;
constexpr int kSmallestDefaultWindow = 4096;  // what the server takes on a small machine when nobody says more
constexpr int kFirstBucket = 8192;            // windows grow in powers of two: a changed window reloads the model
constexpr const char* kKeepLoaded = "15m";    // so that a second fallback finds the model loaded

std::string base_url(const Task& task) {
  if (!task.settings.url.empty()) return ollama_base_url(task.settings.url);
  const auto host = task.environment.find("OLLAMA_HOST");
  return ollama_base_url(host == task.environment.end() ? "" : host->second);
}

int estimated_tokens(const Task& task) {
  const double bytes = static_cast<double>(task.prompt.size() + task.system.size());
  return static_cast<int>(std::min(bytes / kBytesPerToken, 1e9));
}

/// `qwen3`, `qwen3:latest` and `library/qwen3` are one model.
std::string canonical(std::string name) {
  name = lower(name);
  for (const std::string_view prefix : {"registry.ollama.ai/", "library/"})
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
  const std::size_t last_part = name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1;
  return name.find(':', last_part) == std::string::npos ? name + ":latest" : name;
}

bool has_cloud_name(std::string_view name) { return name.ends_with(":cloud") || name.ends_with("-cloud"); }

struct Model {
  std::string name;
  bool remote = false;
  bool chats = true;
  std::string modified;
  std::int64_t size = 0;  // bytes; 0: not said
};

std::vector<Model> installed(const HttpResult& tags) {
  std::vector<Model> models;
  const auto json = parse_object(tags.body);
  if (!json) return models;
  for (const Json& row : at(*json, "/models")) {
    Model model{.name = text_at(row, "/name"), .modified = text_at(row, "/modified_at")};
    model.size = integer_at(row, "/size").value_or(0);
    if (model.name.empty()) continue;
    model.remote = has_cloud_name(model.name) || !text_at(row, "/remote_host").empty();
    const Json& can = at(row, "/capabilities");
    if (can.is_array() && !can.empty()) model.chats = std::find(can.begin(), can.end(), "completion") != can.end();
    else model.chats = !contains_ignoring_case(model.name, "embed") && text_at(row, "/details/family") != "bert";
    models.push_back(std::move(model));
  }
  return models;
}

std::string names_of(const std::vector<Model>& models) {
  std::vector<std::string> names;
  for (const Model& model : models) names.push_back(model.name);
  return names.empty() ? "none" : join(names, ", ");
}

const Json& row_of(const Json& models, const std::string& name) {
  static const Json kNone;
  for (const Json& row : models)
    if (canonical(text_at(row, "/name")) == canonical(name)) return row;
  return kNone;
}

Model of_size(std::vector<Model> models, Tier tier) {
  std::stable_sort(models.begin(), models.end(), [](const Model& a, const Model& b) { return a.size < b.size; });
  if (tier == Tier::small) return models.front();
  return tier == Tier::large ? models.back() : models[(models.size() - 1) / 2];
}

bool is_loaded(const HttpResult& loaded, const std::string& name) {
  const auto running = parse_object(loaded.body);
  return running && row_of(at(*running, "/models"), name).is_object();
}

/// The model to ask: the configured one, else one that is loaded already, else the newest. Never a remote one by
/// chance.
tl::expected<Model, Problem> choose_model(const Task& task, const HttpResult& tags, const HttpResult& loaded) {
  const std::vector<Model> models = installed(tags);
  if (!task.model.empty()) {
    for (const Model& model : models)
      if (canonical(model.name) == canonical(task.model)) return model;
    return tl::unexpected(Problem{Outcome::model_rejected,
                                  "model '" + task.model + "' is not installed (installed: " + names_of(models) + ")",
                                  {}});
  }
  std::vector<Model> local;
  std::copy_if(models.begin(), models.end(), std::back_inserter(local),
               [](const Model& model) { return !model.remote && model.chats; });
  if (local.empty()) return tl::unexpected(Problem{Outcome::model_rejected, "no local model is installed", {}});
  if (task.local_size) return of_size(std::move(local), *task.local_size);
  for (const Model& model : local)
    if (is_loaded(loaded, model.name)) return model;
  return *std::max_element(local.begin(), local.end(),
                           [](const Model& a, const Model& b) { return a.modified < b.modified; });
}

/// The model's own maximum, from /api/show: `model_info` has it under the architecture's name.
int longest_window(const HttpResult& show) {
  const auto json = parse_object(show.body);
  if (!json) return 0;
  for (const auto& [key, value] : at(*json, "/model_info").items())
    if (key.ends_with(".context_length") && value.is_number_integer()) {
      const double length = value.get<double>();
      return length > 0 && length < INT_MAX ? value.get<int>() : 0;
    }
  return 0;
}

/// The window to ask for, 0 for the server's own.
int window_for(const Task& task, int longest) {
  if (task.settings.num_ctx > 0) return task.settings.num_ctx;
  const int needed = estimated_tokens(task) + std::min(task.settings.max_tokens, kSmallestDefaultWindow / 2);
  if (needed <= kSmallestDefaultWindow) return 0;
  int bucket = kFirstBucket;
  while (bucket < needed && bucket < (1 << 28)) bucket *= 2;
  return longest > 0 ? std::min(bucket, longest) : bucket;
}

HttpRequest get(const std::string& url) { return {.method = "GET", .url = url}; }

HttpRequest post(const std::string& url, const Json& body) {
  return {.method = "POST", .url = url, .headers = {"Content-Type: application/json"}, .body = dump(body)};
}

void read_end(const Json& json, const Task& task, Reading& reading) {
  reading.complete = true;
  reading.usage.input_tokens = integer_at(json, "/prompt_eval_count");
  reading.usage.output_tokens = integer_at(json, "/eval_count");
  if (text_at(json, "/done_reason") == "length")
    reading.warnings.push_back("the answer was cut at " + std::to_string(task.settings.max_tokens) +
                               " tokens (max_tokens, or the model's window)");
  const int expected = estimated_tokens(task);
  const auto read = reading.usage.input_tokens;
  if (read && expected > kSmallestDefaultWindow / 2 && static_cast<double>(*read) < 0.6 * expected)
    reading.warnings.push_back("the model seems to have read only " + std::to_string(*read) + " of about " +
                               std::to_string(expected) + " tokens: its context window is too small");
}

/// The guard against DNS rebinding of a server that is bound to loopback.
Problem refused_host(const Task& task) {
  return {Outcome::blocked, "the server refused the Host header of " + base_url(task), {}};
}

/// Why there is no list of models.
Problem no_list(const Task& task, const HttpResult& tags) {
  const std::string message =
      base_url(task) + " does not speak Ollama's API (status " + std::to_string(tags.status) + " for /api/tags)";
  // "Not found" means another server here, not a missing model.
  const auto outcome = tags.status == 404 ? std::nullopt : outcome_of_status(tags.status);
  if (!outcome) return {Outcome::bad_output, message, {}};
  const std::string words = one_line(tags.body);
  if (tags.status == 403 && words.empty()) return refused_host(task);
  return {*outcome, "status " + std::to_string(tags.status) + " for /api/tags: " + words, {}};
}

constexpr Hint kHints[] = {
    {Outcome::not_installed, "install it from https://ollama.com, then `ollama serve`"},
    {Outcome::unreachable, "start it with `ollama serve`, or set OLLAMA_HOST or backends.{name}.url"},
    {Outcome::connect_timeout, "start it with `ollama serve`, or set OLLAMA_HOST or backends.{name}.url"},
    {Outcome::unauthenticated, "ollama signin"},
    {Outcome::model_rejected, "ollama pull {model}"},
    {Outcome::model_rejected, "ollama pull qwen3"},
    {Outcome::bad_request, "leave --session out: a local model has no sessions ({session})"},
    {Outcome::context_too_long, "shorten the prompt, or choose a model with a larger window"},
    {Outcome::bad_output, "see that backends.{name}.url or OLLAMA_HOST is Ollama's own address"},
    {Outcome::blocked, "name it by its address: 127.0.0.1 instead of a name in backends.{name}.url or OLLAMA_HOST"},
};

class Ollama final : public Backend {
 public:
  std::string_view kind() const override { return "ollama"; }
  bool is_process() const override { return false; }
  std::string endpoint(const Task& task) const override { return without_credentials(base_url(task)); }
  Call version_call(const Task& task) const override { return get(base_url(task) + "/api/version"); }

  // Which models are there, which are loaded, and, for a long prompt, how much the chosen one can take.
  std::optional<HttpRequest> lookup(const Task& task, const std::vector<HttpResult>& answers) const override {
    if (answers.empty()) return get(base_url(task) + "/api/tags");
    if (answers[0].status != 200) return std::nullopt;
    if (answers.size() == 1) return get(base_url(task) + "/api/ps");
    if (answers.size() > 2 || window_for(task, 0) == 0) return std::nullopt;
    const auto model = choose_model(task, answers[0], answers[1]);
    if (!model) return std::nullopt;
    return post(base_url(task) + "/api/show", {{"model", model->name}});
  }

  std::string warming_up(const Task& task, const std::vector<HttpResult>& answers) const override {
    if (answers.size() < 2) return {};
    const auto model = choose_model(task, answers[0], answers[1]);
    return !model || model->remote || is_loaded(answers[1], model->name) ? "" : "loading " + one_line(model->name, 80);
  }

  /// Without a name for the tier: by size, among what is installed.
  bool choose(Task& task, Tier tier) const override {
    if (Backend::choose(task, tier)) return true;
    task.model.clear();
    task.local_size = tier;
    return true;
  }

  tl::expected<Call, Problem> prepare(const Task& task, const std::vector<HttpResult>& answers) const override {
    if (!task.session.empty())
      return tl::unexpected(Problem{Outcome::bad_request, "a local model has no sessions to continue", {}});
    if (answers.size() < 2) return tl::unexpected(no_list(task, answers.empty() ? HttpResult{} : answers[0]));
    auto model = choose_model(task, answers[0], answers[1]);
    if (!model) return tl::unexpected(std::move(model).error());
    const int window = window_for(task, answers.size() > 2 ? longest_window(answers[2]) : 0);
    if (window > 0 && window < estimated_tokens(task))
      return tl::unexpected(Problem{Outcome::context_too_long,
                                    "the prompt has about " + std::to_string(estimated_tokens(task)) + " tokens, " +
                                        model->name + " takes " + std::to_string(window),
                                    {}});
    Json body{{"model", model->name},      {"stream", true},
              {"truncate", false},         {"think", false},
              {"keep_alive", kKeepLoaded}, {"options", {{"num_predict", task.settings.max_tokens}}}};
    if (window > 0) body["options"]["num_ctx"] = window;
    if (!task.system.empty()) body["messages"].push_back({{"role", "system"}, {"content", task.system}});
    body["messages"].push_back({{"role", "user"}, {"content", task.prompt}});
    return post(base_url(task) + "/api/chat", body);
  }

  void read(Reading& reading, const Task& task, Stream, std::string_view line) const override {
    const auto json = parse_object(line);
    if (!json) return;
    if (const Json& error = at(*json, "/error"); !error.is_null()) {
      const std::string words = error.is_string() ? error.get<std::string>() : dump(error);
      const auto outcome = match(common_signatures(), words);
      reading.problem = Problem{outcome.value_or(Outcome::server_error), one_line(words), {}};
      return;
    }
    if (std::string model = text_at(*json, "/model"); !model.empty()) reading.model = std::move(model);
    reading.text_grows = true;
    reading.doing.clear();
    reading.text += text_at(*json, "/message/content");
    const bool remote = !text_at(*json, "/remote_host").empty() || has_cloud_name(reading.model);
    if (remote && reading.warnings.empty())
      reading.warnings.push_back(reading.model + " does not run on this machine: the prompt went to its remote host");
    if (true_at(*json, "/done")) read_end(*json, task, reading);
  }

  std::optional<Problem> explain(const Reading&, const Task& task, const Remains& remains) const override {
    const std::string words = one_line(remains.body);
    if (remains.http_status == 404)
      return Problem{Outcome::model_rejected, "model '" + task.model + "' is not installed", {}};
    if (remains.http_status == 403 && words.empty()) return refused_host(task);
    if (remains.http_status == 429) return Problem{Outcome::rate_limited, words, stated_wait(words)};
    return std::nullopt;
  }

  std::span<const Hint> hints() const override { return kHints; }
};

}  // namespace

const Backend& ollama_backend() {
  static const Ollama backend;
  return backend;
}

}  // namespace delegate
