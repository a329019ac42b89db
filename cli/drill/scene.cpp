#include "cli/drill/scene.hpp"

#include <algorithm>

#include "backends/registry.hpp"
#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/config/toml_text.hpp"

namespace delegate::cli::drill {
namespace {

constexpr milliseconds kCooldown = 2s;
constexpr int kMostFailures = 20;  // a threshold above is lowered to it
constexpr milliseconds kPatience = 2min;

bool is_http(const BackendSettings& backend) {
  const Backend* kind = find_backend(backend.kind);
  return kind != nullptr && !kind->is_process();
}

/// Waiting is scripted here: only the cooldown and the silence of a hanging backend are really waited for.
void set_times(Config& config) {
  config.router.timeout = 10min;
  config.router.warm_up = false;  // nothing has to be loaded, and nothing is to outlive the drill
  for (auto& [name, backend] : config.backends) {
    backend.timeout = backend.first_output_timeout = backend.idle_timeout = kPatience;
    backend.max_parallel = std::max(backend.max_parallel, kAtOnce);
    backend.breaker.threshold = std::min(backend.breaker.threshold, kMostFailures);
    backend.breaker.cooldown = kCooldown;
    backend.breaker.max_cooldown = 10min;
    backend.breaker.failure_window = 30min;
    backend.breaker.probe_timeout = kPatience;
  }
}

bool is_usable(const Config& config, const std::string& name) {
  const BackendSettings* backend = config.backend(name);
  return backend != nullptr && backend->enabled;
}

void cast(Scene& scene) {
  const RouterSettings& router = scene.config.router;
  std::vector<std::string> candidates;
  for (const std::string& name : router.order)
    if (is_usable(scene.config, name)) candidates.push_back(name);
  if (candidates.empty() || candidates.front() == router.local) return;
  scene.patient = candidates.front();
  if (candidates.size() > 1) scene.next = candidates[1];
  else if (router.fallback && is_usable(scene.config, router.local)) scene.next = router.local;
}

/// The local model is asked last; where the person asks it first, nobody else would ever be asked.
void put_local_last(Scene& scene) {
  std::vector<std::string>& order = scene.config.router.order;
  const auto local = std::find(order.begin(), order.end(), scene.config.router.local);
  if (local == order.end() || local + 1 == order.end()) return;
  const bool first = local == order.begin();
  std::rotate(local, local + 1, order.end());
  if (first && is_usable(scene.config, order.back()))
    scene.notes.push_back("your order begins with " + order.back() + ", the local model; here it stands last");
}

void note_differences(Scene& scene, const BackendSettings& theirs) {
  const BackendSettings& here = scene.role(scene.patient);
  scene.notes.insert(scene.notes.begin(), "the cooldown is " + format_duration(here.breaker.cooldown) +
                                              " here (yours: " + format_duration(theirs.breaker.cooldown) +
                                              "); no timeout or slot limit applies, no hook runs");
  if (here.breaker.threshold != theirs.breaker.threshold)
    scene.notes.push_back("your threshold of " + std::to_string(theirs.breaker.threshold) + " is " +
                          std::to_string(here.breaker.threshold) + " here");
  if (!scene.config.router.fallback)
    scene.notes.push_back("your router.fallback is false: a call whose backend fails is lost");
  if (scene.config.state.store == "memory")
    scene.notes.push_back("your state.store is \"memory\": no call can learn from another");
}

using config::toml_string;

std::string in_toml(milliseconds span) { return toml_string(format_duration(span)); }

std::string in_toml(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(toml_string(text));
  return "[" + join(quoted, ", ") + "]";
}

std::string breaker_toml(const BreakerSettings& breaker) {
  return "breaker.threshold = " + std::to_string(breaker.threshold) +
         "\nbreaker.cooldown = " + in_toml(breaker.cooldown) +
         "\nbreaker.max_cooldown = " + in_toml(breaker.max_cooldown) +
         "\nbreaker.failure_window = " + in_toml(breaker.failure_window) +
         "\nbreaker.probe_timeout = " + in_toml(breaker.probe_timeout) + "\n";
}

std::string failures_toml(const BackendSettings& backend) {
  std::string out;
  for (const FailureRule& rule : backend.failures)
    out += "[[backends." + backend.name + ".failures]]\nmatch = " + toml_string(rule.match) +
           "\noutcome = " + toml_string(rule.outcome) + "\n";
  return out;
}

std::string backend_toml(const BackendSettings& backend) {
  std::string out = "\n[backends." + backend.name + "]\nkind = " + toml_string(backend.kind) +
                    "\nenabled = " + (backend.enabled ? "true" : "false") + "\n";
  if (is_http(backend))
    out += "url = " + toml_string(backend.url) + "\nmax_tokens = " + std::to_string(backend.max_tokens) + "\n";
  else out += "command = " + in_toml(backend.command) + "\n";
  if (backend.kind == "ollama") out += "num_ctx = " + std::to_string(backend.num_ctx) + "\n";
  if (backend.kind == "command")
    out += "prompt = " + toml_string(backend.prompt) + "\nanswer = " + toml_string(backend.answer) + "\n";
  out += "model = " + toml_string(backend.model) + "\ntimeout = " + in_toml(backend.timeout) +
         "\nfirst_output_timeout = " + in_toml(backend.first_output_timeout) +
         "\nidle_timeout = " + in_toml(backend.idle_timeout) +
         "\nmax_parallel = " + std::to_string(backend.max_parallel) + "\n" + breaker_toml(backend.breaker);
  return out + failures_toml(backend);
}

}  // namespace

bool Scene::is_process(const std::string& name) const { return !is_http(role(name)); }

Scene plain_scene() {
  Scene scene{.config = built_in_config()};
  scene.config.router.order = {"gemini", "ollama"};
  for (auto& [name, backend] : scene.config.backends) backend.enabled = name == "gemini" || name == "ollama";
  set_times(scene.config);
  cast(scene);
  return scene;
}

Scene my_scene(const Config& mine) {
  Scene scene{.config = mine, .mine = true};
  scene.config.router.order_light.clear();  // one order is enough for the story
  set_times(scene.config);
  put_local_last(scene);
  cast(scene);
  if (!scene.patient.empty()) note_differences(scene, *mine.backend(scene.patient));
  return scene;
}

std::string to_toml(const Config& config) {
  std::string out =
      "[router]\norder = " + in_toml(config.router.order) + "\nlocal = " + toml_string(config.router.local) +
      "\nfallback = " + (config.router.fallback ? "true" : "false") +
      "\nwarm_up = " + (config.router.warm_up ? "true" : "false") + "\ntimeout = " + in_toml(config.router.timeout) +
      "\n\n[grace]\nwindow = " + in_toml(config.grace.window) +
      "\nmax_streak = " + std::to_string(config.grace.max_streak) +
      "\n\n[state]\nstore = " + toml_string(config.state.store) + "\n";
  for (const auto& [name, backend] : config.backends) out += backend_toml(backend);
  return out;
}

}  // namespace delegate::cli::drill
