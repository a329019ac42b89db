#include "cli/drill/drill_setup.hpp"

#include <algorithm>

#include "backends/registry.hpp"
#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/config/toml_text.hpp"

namespace delegate::cli::drill {
namespace {

constexpr milliseconds kCooldown = 2s;
constexpr int kMostFailures = 20;  // a higher threshold is lowered to it
constexpr milliseconds kTimeout = 2min;

bool is_http(const BackendSettings& backend) {
  const Backend* kind = find_backend(backend.kind);
  return kind != nullptr && !kind->is_process();
}

/// Only the cooldown and the silence of a hanging backend take real time; everything else is controlled by the drill.
void set_times(Config& config) {
  config.router.timeout = 10min;
  config.router.warm_up = false;  // nothing has to be loaded, and no process may outlive the drill
  config.router.max_depth = 16;   // the drill may itself be part of a run
  for (auto& [name, backend] : config.backends) {
    backend.timeout = backend.first_output_timeout = backend.idle_timeout = kTimeout;
    backend.max_parallel = std::max(backend.max_parallel, kAtOnce);
    backend.breaker.threshold = std::min(backend.breaker.threshold, kMostFailures);
    backend.breaker.cooldown = kCooldown;
    backend.breaker.max_cooldown = 10min;
    backend.breaker.failure_window = 30min;
    backend.breaker.probe_timeout = kTimeout;
  }
}

bool is_usable(const Config& config, const std::string& name) {
  const BackendSettings* backend = config.backend(name);
  return backend != nullptr && backend->enabled;
}

void choose_backends(Setup& setup) {
  const RouterSettings& router = setup.config.router;
  std::vector<std::string> candidates;
  for (const std::string& name : router.order.names)
    if (is_usable(setup.config, name)) candidates.push_back(name);
  if (candidates.empty() || candidates.front() == router.local) return;
  setup.target = candidates.front();
  if (candidates.size() > 1) setup.next = candidates[1];
  else if (router.fallback && is_usable(setup.config, router.local)) setup.next = router.local;
}

/// Moves the local model to the end of the order: if it came first, no other backend would ever be called.
void put_local_last(Setup& setup) {
  std::vector<std::string>& order = setup.config.router.order.names;
  const auto local = std::find(order.begin(), order.end(), setup.config.router.local);
  if (local == order.end() || local + 1 == order.end()) return;
  const bool first = local == order.begin();
  std::rotate(local, local + 1, order.end());
  if (first && is_usable(setup.config, order.back()))
    setup.notes.push_back("your order begins with " + order.back() + ", the local model; here it comes last");
}

void note_differences(Setup& setup, const BackendSettings& theirs) {
  const BackendSettings& here = setup.role(setup.target);
  setup.notes.insert(setup.notes.begin(), "the cooldown is " + format_duration(here.breaker.cooldown) +
                                              " here (yours: " + format_duration(theirs.breaker.cooldown) +
                                              "); no timeout or slot limit applies, no hook runs");
  if (here.breaker.threshold != theirs.breaker.threshold)
    setup.notes.push_back("your threshold of " + std::to_string(theirs.breaker.threshold) + " is " +
                          std::to_string(here.breaker.threshold) + " here");
  if (!setup.config.router.fallback)
    setup.notes.push_back("your router.fallback is false: a call whose backend fails is lost");
  if (setup.config.state.store == "memory")
    setup.notes.push_back("your state.store is \"memory\": calls do not share their breakers");
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

bool Setup::is_process(const std::string& name) const { return !is_http(role(name)); }

Setup default_setup() {
  Setup setup{.config = built_in_config()};
  setup.config.router.order = {.names = {"gemini", "ollama"}};
  for (auto& [name, backend] : setup.config.backends) backend.enabled = name == "gemini" || name == "ollama";
  set_times(setup.config);
  choose_backends(setup);
  return setup;
}

Setup setup_for(const Config& mine) {
  Setup setup{.config = mine, .mine = true};
  setup.config.router.order_light = {};  // one order is enough
  set_times(setup.config);
  put_local_last(setup);
  choose_backends(setup);
  if (!setup.target.empty()) note_differences(setup, *mine.backend(setup.target));
  return setup;
}

std::string to_toml(const Config& config) {
  std::string out =
      "[router]\norder = " + in_toml(config.router.order.names) + "\nlocal = " + toml_string(config.router.local) +
      "\nfallback = " + (config.router.fallback ? "true" : "false") +
      "\nwarm_up = " + (config.router.warm_up ? "true" : "false") + "\ntimeout = " + in_toml(config.router.timeout) +
      "\n\n[grace]\nwindow = " + in_toml(config.grace.window) +
      "\nmax_streak = " + std::to_string(config.grace.max_streak) +
      "\n\n[state]\nstore = " + toml_string(config.state.store) + "\n";
  for (const auto& [name, backend] : config.backends) out += backend_toml(backend);
  return out;
}

}  // namespace delegate::cli::drill
