#include "backends/ollama_models.hpp"

#include <algorithm>
#include <climits>
#include <unordered_map>

#include "backends/server_errors.hpp"
#include "backends/server_stream.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr int kSmallestDefaultWindow = 4096;  // the default of the server on a small machine
constexpr int kFirstBucket = 8192;            // windows grow in powers of two, because each change reloads the model
constexpr std::size_t kMostModels = 10'000;   // of a list; the rest is not looked at
constexpr std::size_t kMostShown = 16;        // models whose details are asked for, one after the other
constexpr std::size_t kMostNamed = 12;        // in a message

/// `qwen3`, `qwen3:latest` and `library/qwen3` are the same model.
std::string canonical(std::string name) {
  name = lower(name);
  for (const std::string_view prefix : {"registry.ollama.ai/", "library/"})
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
  const std::size_t last_part = name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1;
  return name.find(':', last_part) == std::string::npos ? name + ":latest" : name;
}

/// The rows of a list of models, not more than are looked at.
template <class Use>
void for_each_row(const Json& list, Use use) {
  std::size_t rows = 0;
  for (const Json& row : at(list, "/models"))
    if (rows++ < kMostModels) use(row);
}

using RowsByName = std::unordered_map<std::string, const Json*>;

/// The first row of each model.
RowsByName rows_by_name(const Json& list) {
  RowsByName rows;
  for_each_row(list, [&](const Json& row) { rows.emplace(canonical(text_at(row, "/name")), &row); });
  return rows;
}

/// A number of tokens; 0 for any other value.
int window_in(const Json& value) {
  if (!value.is_number_integer()) return 0;
  const double length = value.get<double>();
  return length > 0 && length < INT_MAX ? value.get<int>() : 0;
}

bool is_for_chats(const Json& row, const std::string& name) {
  const Json& can = at(row, "/capabilities");
  if (can.is_array() && !can.empty()) return std::find(can.begin(), can.end(), "completion") != can.end();
  return is_chat_model(row, name) && text_at(row, "/details/family").find("bert") == std::string::npos;
}

/// Nothing: the list cannot be read, or is too large.
std::optional<std::vector<OllamaModel>> installed(const HttpResult& tags, const HttpResult& loaded) {
  std::vector<OllamaModel> models;
  const auto json = parse_object(tags.body);
  if (!json) return std::nullopt;
  const Json running = parse_object(loaded.body).value_or(Json::object());
  const RowsByName in_memory = rows_by_name(running);
  for_each_row(*json, [&](const Json& row) {
    OllamaModel model{.name = text_at(row, "/name"), .modified = text_at(row, "/modified_at")};
    if (model.name.empty()) return;
    model.size = integer_at(row, "/size").value_or(0);
    model.remote = has_cloud_name(model.name) || !text_at(row, "/remote_host").empty();
    model.chats = is_for_chats(row, model.name);
    if (const auto found = in_memory.find(canonical(model.name)); found != in_memory.end()) {
      model.loaded = found->second->is_object();
      model.loaded_window = window_in(at(*found->second, "/context_length"));
    }
    models.push_back(std::move(model));
  });
  return models;
}

std::string names_of(const std::vector<OllamaModel>& models) {
  std::vector<std::string> names;
  for (const OllamaModel& model : models)
    if (names.size() < kMostNamed) names.push_back(model.name);
  const std::size_t others = models.size() - names.size();
  return names.empty() ? "none" : join(names, ", ") + (others == 0 ? "" : ", and " + std::to_string(others) + " more");
}

OllamaModel of_size(std::vector<OllamaModel> models, Tier tier) {
  std::stable_sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return a.size < b.size; });
  if (tier == Tier::small) return models.front();
  return tier == Tier::large ? models.back() : models[(models.size() - 1) / 2];
}

tl::expected<OllamaModel, Failure> rejected(std::string why) {
  return tl::unexpected(Failure{Outcome::model_rejected, std::move(why), {}});
}

tl::expected<OllamaModel, Failure> named(const std::string& name, const std::vector<OllamaModel>& models) {
  const std::string wanted = canonical(name);
  for (const OllamaModel& model : models) {
    if (canonical(model.name) != wanted) continue;
    if (!model.remote || lower(model.name) == lower(name)) return model;
    return rejected("model '" + name + "' does not run on this machine: name it in full, as " + model.name +
                    ", to send the prompt away");
  }
  return rejected("model '" + name + "' is not installed (installed: " + names_of(models) + ")");
}

tl::expected<OllamaModel, Failure> choose_among(const std::vector<OllamaModel>& models, const Task& task) {
  if (!task.model.empty()) return named(task.model, models);
  std::vector<OllamaModel> local;
  std::vector<OllamaModel> others;
  for (const OllamaModel& model : models)
    if (!model.remote) (model.chats ? local : others).push_back(model);
  if (local.empty() && others.empty()) return rejected("no local model is installed");
  if (local.empty()) return rejected("no local model for chats is installed (installed: " + names_of(others) + ")");
  if (task.local_size) return of_size(std::move(local), *task.local_size);
  for (const OllamaModel& model : local)
    if (model.loaded) return model;
  return *std::max_element(local.begin(), local.end(),
                           [](const OllamaModel& a, const OllamaModel& b) { return a.modified < b.modified; });
}

/// `model_info` has the longest window, under a key with the architecture's name.
int longest_window(const Json& show) {
  for (const auto& [key, value] : at(show, "/model_info").items())
    if (key.ends_with(".context_length")) return window_in(value);
  return 0;
}

void take_show(OllamaModel& model, const HttpResult& show) {
  model.shown = true;
  const auto json = parse_object(show.body);
  if (!json) return;
  model.longest_window = longest_window(*json);
  model.remote = model.remote || !text_at(*json, "/remote_host").empty() || !text_at(*json, "/remote_model").empty();
}

}  // namespace

bool has_cloud_name(std::string_view name) { return name.ends_with(":cloud") || name.ends_with("-cloud"); }

tl::expected<OllamaModel, Failure> choose_ollama_model(const Task& task, const OllamaLookups& lookups) {
  std::optional<std::vector<OllamaModel>> found = installed(lookups[0], lookups[1]);
  if (!found)
    return tl::unexpected(
        Failure{.outcome = Outcome::bad_output, .message = "the list of models is unreadable or too large"});
  std::vector<OllamaModel>& models = *found;
  // The model of each /api/show follows from the results before it.
  for (std::size_t i = 2;; ++i) {
    auto model = choose_among(models, task);
    if (!model || model->remote || i >= lookups.size()) return model;
    if (i >= 2 + kMostShown) return rejected("none of the first " + std::to_string(kMostShown) + " models runs here");
    take_show(*model, lookups[i]);
    if (!model->remote) return model;
    for (OllamaModel& one : models)
      if (one.name == model->name) one = *model;
  }
}

int ollama_window(const Task& task, const OllamaModel& model) {
  if (task.settings.num_ctx > 0) return task.settings.num_ctx;
  if (model.remote) return 0;
  const int most = task.settings.max_tokens > 0 ? task.settings.max_tokens : kSmallestDefaultWindow;
  const int needed = estimated_tokens(task) + std::min(most, kSmallestDefaultWindow / 2);
  if (model.loaded_window >= needed) return model.loaded_window;
  if (needed <= kSmallestDefaultWindow) return 0;
  int bucket = kFirstBucket;
  while (bucket < needed && bucket < (1 << 28)) bucket *= 2;
  return model.longest_window > 0 ? std::min(bucket, model.longest_window) : bucket;
}

}  // namespace delegate
