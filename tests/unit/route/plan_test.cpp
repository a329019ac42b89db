#include "core/route/plan.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace delegate;
using Steps = std::vector<RouteStep>;
using Skips = std::vector<RouteSkip>;
using Names = std::vector<std::string>;

namespace {

using Unavailable = std::map<std::string, Presence>;

RoutePlan plan(const RouteQuestion& question, const Unavailable& absent = {}) {
  return plan_route(question, [&](const std::string& name) {
    const auto found = absent.find(name);
    return found == absent.end() ? Presence::usable : found->second;
  });
}

RouteQuestion automatic(Names order = {"claude", "codex", "gemini", "ollama"}) {
  return {.requested = "auto", .fallback = true, .order = std::move(order), .local = "ollama"};
}

RouteStep step(const std::string& name) { return {.backend = name}; }
RouteStep last(const std::string& name) { return {.backend = name, .last_resort = true}; }

}  // namespace

TEST_CASE("auto tries the configured order, and the local model last") {
  CHECK(plan(automatic()).steps == Steps{step("claude"), step("codex"), step("gemini"), last("ollama")});
  CHECK(plan(automatic()).skips.empty());
}

TEST_CASE("the local model is the last resort even when the order does not name it") {
  CHECK(plan(automatic({"codex", "claude"})).steps == Steps{step("codex"), step("claude"), last("ollama")});
  CHECK(plan(automatic({})).steps == Steps{last("ollama")});
}

TEST_CASE("a local model in the middle of the order is tried there and is the last resort as well") {
  CHECK(plan(automatic({"claude", "ollama", "codex"})).steps ==
        Steps{step("claude"), step("ollama"), step("codex"), last("ollama")});
}

TEST_CASE("light tasks have an order of their own when there is one") {
  RouteQuestion question = automatic({"claude", "codex"});
  question.order_light = {"gemini", "claude"};
  CHECK(plan(question).steps == Steps{step("gemini"), step("claude"), last("ollama")});
  question.heavy = true;
  CHECK(plan(question).steps == Steps{step("claude"), step("codex"), last("ollama")});
  question.heavy = false;
  question.order_light.clear();
  CHECK(plan(question).steps == Steps{step("claude"), step("codex"), last("ollama")});
}

TEST_CASE("a named backend is tried alone unless a fallback is wanted") {
  RouteQuestion question = automatic();
  question.requested = "gemini";
  CHECK(plan(question).steps == Steps{step("gemini"), last("ollama")});
  question.fallback = false;
  CHECK(plan(question).steps == Steps{step("gemini")});
  question.requested = "ollama";
  CHECK(plan(question).steps == Steps{step("ollama")});
  question.fallback = true;
  CHECK(plan(question).steps == Steps{last("ollama")});
}

TEST_CASE("without fallback the whole order is planned, and there is no last resort") {
  RouteQuestion question = automatic({"claude", "ollama"});
  question.fallback = false;
  CHECK(plan(question).steps == Steps{step("claude"), step("ollama")});
}

TEST_CASE("without a local model there is no last resort") {
  RouteQuestion question = automatic({"claude", "codex"});
  question.local.clear();
  CHECK(plan(question).steps == Steps{step("claude"), step("codex")});
}

TEST_CASE("an unavailable backend is skipped once, with the reason") {
  const Unavailable absent{{"codex", Presence::not_installed}, {"gemini", Presence::disabled}};
  CHECK(plan(automatic(), absent).steps == Steps{step("claude"), last("ollama")});
  CHECK(plan(automatic(), absent).skips == Skips{{"codex", Presence::not_installed}, {"gemini", Presence::disabled}});
  CHECK(plan(automatic({"codex", "codex", "claude"}), absent).skips == Skips{{"codex", Presence::not_installed}});
}

TEST_CASE("an unavailable local model is skipped once, wherever it is in the order") {
  const Unavailable absent{{"ollama", Presence::disabled}};
  for (const Names& order : {Names{"claude"}, Names{"claude", "ollama"}, Names{"ollama", "claude"}}) {
    CHECK(plan(automatic(order), absent).steps == Steps{step("claude")});
    CHECK(plan(automatic(order), absent).skips == Skips{{"ollama", Presence::disabled}});
  }
}

TEST_CASE("if no backend is available the plan is empty and says why") {
  const Unavailable absent{{"claude", Presence::not_installed}, {"ollama", Presence::not_installed}};
  const RoutePlan nobody = plan(automatic({"claude"}), absent);
  CHECK(nobody.steps.empty());
  CHECK(nobody.skips == Skips{{"claude", Presence::not_installed}, {"ollama", Presence::not_installed}});
  RouteQuestion question = automatic();
  question.requested = "claude";
  question.fallback = false;
  CHECK(plan(question, absent).skips == Skips{{"claude", Presence::not_installed}});
}
