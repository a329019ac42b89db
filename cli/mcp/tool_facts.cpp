#include "cli/mcp/tool_facts.hpp"

#include <algorithm>

#include "cli/mcp/call_directory.hpp"
#include "cli/mcp/quota_words.hpp"
#include "cli/session.hpp"
#include "core/run/prepared_ask.hpp"

namespace delegate::cli::server {
namespace {

/// Nothing for a CLI, and for a backend that is switched off.
std::optional<ServerTrace> server_of(const Engine& engine, const std::string& name) {
  const auto candidate = find_candidate(engine, name);
  if (!candidate || candidate->backend->is_process()) return std::nullopt;
  return find_server(*candidate);
}

bool reads_files(const Engine& engine, const std::string& name) {
  const BackendSettings* settings = engine.config.backend(name);
  const Backend* backend = settings == nullptr ? nullptr : engine.find_backend(settings->kind);
  return backend != nullptr && backend->capabilities(*settings).has(Capability::read_files);
}

bool is_here(const inspect::BackendStatus& backend, std::optional<ServerTrace> server) {
  return backend.enabled && backend.installed != false && server != ServerTrace::absent;
}

/// Of calls without `cwd`, if backends may read it.
std::string default_directory(const World& world, const Config& config) {
  const auto directory = directory_for(world, {});
  if (!directory || !why_no_project(world, config.state, directory->path).empty()) return {};
  return directory->path;
}

}  // namespace

std::vector<std::string> installed_ones(const std::vector<SeenBackend>& seen) {
  std::vector<std::string> names;
  for (const SeenBackend& one : seen) {
    std::string name = candidate_name(one.status.name).backend;  // of several logins
    const bool is_new = std::find(names.begin(), names.end(), name) == names.end();
    if (is_new && is_here(one.status, one.server)) names.push_back(std::move(name));
  }
  return names;
}

std::vector<SeenBackend> seen_backends(const Engine& engine) {
  std::vector<SeenBackend> seen;
  inspect::HostStatus host = inspect::status_of(engine, SurveyDepth::only_read);
  for (inspect::BackendStatus& status : host.backends) {
    const auto server = server_of(engine, status.name);
    std::string quota = status.enabled ? quota_words(status.quota, host.now) : std::string();
    seen.push_back({std::move(status), server, std::move(quota)});
  }
  return seen;
}

std::vector<std::string> order_of_auto(const Engine& engine, const std::vector<std::string>& here) {
  std::vector<std::string> order;
  for (const RouteStep& step : prepare_ask(engine, Request{.type = TaskType::review}).plan.steps) {
    std::string name = candidate_name(step.backend).backend;
    const bool is_new = std::find(order.begin(), order.end(), name) == order.end();
    if (is_new && std::find(here.begin(), here.end(), name) != here.end()) order.push_back(std::move(name));
  }
  return order;
}

ToolFacts facts_of(const World& world, const Config& config, bool may_write) {
  // The state is not opened: that would take longer than the rest.
  Config without_state = config;
  without_state.state.store = "memory";
  const Host host(world, without_state);
  ToolFacts facts{.directory = default_directory(world, config),
                  .timeout = std::chrono::duration_cast<std::chrono::seconds>(config.router.timeout),
                  .may_write = may_write};
  facts.backends = installed_ones(seen_backends(host.engine()));
  facts.order = order_of_auto(host.engine(), facts.backends);
  for (const std::string& name : facts.backends)
    if (!reads_files(host.engine(), name)) facts.blind.push_back(name);
  return facts;
}

}  // namespace delegate::cli::server
