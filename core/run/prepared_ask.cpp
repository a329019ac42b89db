#include "core/run/prepared_ask.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/run/headroom_order.hpp"

namespace delegate {
namespace {

/// Variables of git that belong to one repository, as `git rev-parse --local-env-vars` names them: a hook sets them,
/// and in a copy they would lead back to the original.
constexpr std::array kOfOneRepository{"GIT_DIR",
                                      "GIT_WORK_TREE",
                                      "GIT_INDEX_FILE",
                                      "GIT_COMMON_DIR",
                                      "GIT_OBJECT_DIRECTORY",
                                      "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                      "GIT_IMPLICIT_WORK_TREE",
                                      "GIT_PREFIX",
                                      "GIT_GRAFT_FILE",
                                      "GIT_SHALLOW_FILE",
                                      "GIT_REPLACE_REF_BASE",
                                      "GIT_NO_REPLACE_OBJECTS",
                                      "GIT_CONFIG",
                                      "GIT_CONFIG_PARAMETERS",
                                      "GIT_CONFIG_COUNT"};

using Lookup = tl::expected<Candidate, Unavailable>;
using Lookups = std::map<std::string, Lookup>;

InferredType type_of(const Request& request) {
  if (request.type) return {*request.type, {}};
  return infer_task_type(request.prompt);
}

bool falls_back(const Engine& engine, const Request& request) {
  if (!request.session.empty()) return false;  // only the backend that began a conversation can continue it
  if (request.fallback) return *request.fallback;
  return request.backend == kAuto && engine.config.router.fallback;
}

Presence presence_of(const Lookup& found, const Request& request) {
  if (found && request.access == Access::write &&
      !found->backend->capabilities(found->task.settings).has(Capability::write_files))
    return Presence::cannot_write;
  if (found || found.error().reason == UnavailableReason::login_unset) return Presence::usable;
  return found.error().reason == UnavailableReason::not_installed ? Presence::not_installed : Presence::disabled;
}

bool is_heavy(const Engine& engine, const PreparedAsk& ask) {
  const auto& heavy = engine.config.router.heavy_types;
  return ask.request.access == Access::write ||
         std::find(heavy.begin(), heavy.end(), to_string(ask.type.type)) != heavy.end();
}

RoutePlan make_plan(const Engine& engine, const PreparedAsk& ask, Lookups& lookups) {
  const RouterSettings& router = engine.config.router;
  const RouteQuestion question{.requested = ask.request.backend,
                               .heavy = ask.is_heavy,
                               .fallback = ask.fallback,
                               .order = router.order.names,
                               .order_light = router.order_light.names,
                               .local = router.local};
  RoutePlan plan = plan_route(question, [&](const std::string& name) {
    const auto [entry, is_new] = lookups.try_emplace(name, tl::unexpected(Unavailable{}));
    if (is_new) entry->second = find_candidate(engine, name);
    return presence_of(entry->second, ask.request);
  });
  std::vector<RouteStep> steps;
  for (const RouteStep& step : plan.steps)
    for (std::string& name : engine.config.candidates(step.backend))
      steps.push_back({std::move(name), step.last_resort});
  plan.steps = std::move(steps);
  return plan;
}

void move_to(Task& task, const std::string& directory) {
  task.cwd = directory;
  for (const char* name : kOfOneRepository) task.environment.erase(name);
}

/// For each window the larger share of the two.
std::vector<WindowShare> larger_of(const std::vector<WindowShare>& one, const std::vector<WindowShare>& other) {
  std::vector<WindowShare> larger;
  for (const auto* list : {&one, &other})
    for (const WindowShare& share : *list) {
      const auto is_there = [&](const WindowShare& known) { return known.window == share.window; };
      if (std::none_of(larger.begin(), larger.end(), is_there))
        larger.push_back({share.window, std::max(reserve_of(one, share.window), reserve_of(other, share.window))});
    }
  return larger;
}

/// A reserve is not for the backend that was named, nor for the one that a conversation was begun with.
std::vector<WindowShare> reserve_for(const PreparedAsk& ask, const BackendSettings& settings) {
  const Request& request = ask.request;
  const bool is_named = candidate_name(request.backend).backend == candidate_name(settings.name).backend;
  if (is_named || !request.session.empty()) return {};
  return ask.is_heavy ? settings.reserve : larger_of(settings.reserve, settings.reserve_light);
}

PreparedCandidate prepare(const Engine& engine, Candidate candidate, const PreparedAsk& ask) {
  const Request& request = ask.request;
  PreparedCandidate prepared{.candidate = std::move(candidate)};
  Task& task = prepared.candidate.task;
  prepared.configured = task;
  const std::string& name = task.settings.name;
  prepared.reserve = reserve_for(ask, task.settings);
  task.system = request.system;
  task.cwd = request.cwd;
  if (!ask.work_directory.empty()) move_to(task, ask.work_directory);
  task.session = request.session;
  task.access = request.access;
  task.watched = request.streaming == Streaming::drafts;
  task.keeps_answer = request.streaming == Streaming::none || engine.config.history.keep_answers;
  if (!request.model.empty() && name == candidate_name(request.backend).backend) task.model = request.model;
  else if (request.tier && !prepared.candidate.backend->choose(task, *request.tier))
    prepared.warning = name + ": no model for this tier, its default is used (see backends." + name + ".tier)";
  return prepared;
}

void prepare_candidates(const Engine& engine, PreparedAsk& ask, Lookups lookups) {
  ask.candidates.clear();
  for (const RouteStep& step : ask.plan.steps) {
    if (ask.candidates.contains(step.backend)) continue;
    const auto known = lookups.find(step.backend);
    Lookup found = known == lookups.end() ? find_candidate(engine, step.backend) : std::move(known->second);
    if (found) ask.candidates.emplace(step.backend, prepare(engine, *std::move(found), ask));
    else ask.candidates.emplace(step.backend, tl::unexpected(std::move(found).error()));
  }
}

/// A reserve that is not firm is used once nothing else has answered.
void add_second_turns(const Engine& engine, PreparedAsk& ask) {
  if (engine.config.router.reserve_is != "soft") return;
  const std::vector<RouteStep> steps = ask.plan.steps;
  for (const RouteStep& step : steps) {
    const auto& candidate = ask.candidates.at(step.backend);
    const RouteStep again{.backend = step.backend, .ignores_reserve = true};
    const auto& all = ask.plan.steps;
    if (candidate && !candidate->reserve.empty() && std::find(all.begin(), all.end(), again) == all.end())
      ask.plan.steps.push_back(again);
  }
}

}  // namespace

PreparedAsk prepare_ask(const Engine& engine, Request request) {
  PreparedAsk ask{.request = std::move(request)};
  ask.type = type_of(ask.request);
  ask.is_heavy = is_heavy(engine, ask);
  ask.fallback = falls_back(engine, ask.request);
  Lookups lookups;
  ask.plan = make_plan(engine, ask, lookups);
  prepare_candidates(engine, ask, std::move(lookups));
  put_equals_in_order(engine, ask);
  add_second_turns(engine, ask);
  return ask;
}

void go_on_with(PreparedAsk& prepared, HalfChange change) {
  prepared.half_change = std::move(change);
  const auto& parts = prepared.half_change.parts;
  std::stable_partition(prepared.plan.steps.begin(), prepared.plan.steps.end(), [&](const RouteStep& step) {
    return std::none_of(parts.begin(), parts.end(), [&](const auto& part) { return part.backend == step.backend; });
  });
}

void work_in(PreparedAsk& prepared, std::string directory) {
  prepared.work_directory = std::move(directory);
  for (auto& [name, candidate] : prepared.candidates)
    if (candidate) move_to(candidate->candidate.task, prepared.work_directory);
}

void refresh_candidates(const Engine& engine, PreparedAsk& prepared) { prepare_candidates(engine, prepared, {}); }

}  // namespace delegate
