#include "cli/drill/machine.hpp"

#include <algorithm>

#include "backends/registry.hpp"
#include "core/base/redact.hpp"
#include "core/os/http.hpp"
#include "core/os/process.hpp"
#include "core/run/hints.hpp"

namespace delegate::cli::drill {
namespace {

constexpr milliseconds kRequestTimeout{1000};
constexpr const char* kQuestion = "delegate ask \"what does errno 11 mean\"";

bool responds(const Backend& backend, const Task& task, const CancelToken& cancel) {
  const Call call = backend.version_call(task);
  const auto* probe = std::get_if<HttpRequest>(&call);
  if (probe == nullptr) return false;
  HttpRequest request = *probe;
  request.clocks.total = Deadline::in(kRequestTimeout);
  const auto answer = http_exchange(request, cancel);  // fails as well if libcurl is missing
  return answer && answer->end == HttpEnd::complete && answer->status == 200;
}

Found inspect_backend(const World& world, const BackendSettings& settings, const CancelToken& cancel) {
  Found found{.name = settings.name, .kind = settings.kind, .state = "disabled"};
  const Backend* backend = find_backend(settings.kind);
  if (!settings.enabled || backend == nullptr) return found;
  const Task task{.model = settings.model, .settings = settings, .environment = world.environment};
  if (!backend->is_process()) {
    found.where = Redactor(world.environment)(backend->endpoint(task));
    found.usable = responds(*backend, task, cancel);
    found.state = found.usable ? "answers" : "no answer";
    if (!found.usable && settings.kind == "ollama") found.hint = "ollama serve";
    return found;
  }
  const auto executable = find_executable(settings.command.front(), world.variable("PATH"));
  found.usable = executable.has_value();
  found.where = executable.value_or(std::string());
  found.state = found.usable ? "installed" : "not installed";
  if (!found.usable) found.hint = hint_for(*backend, task, {.outcome = Outcome::not_installed});
  return found;
}

std::vector<std::string> in_order(const Config& config) {
  std::vector<std::string> names = config.router.order.names;
  const auto add = [&](const std::string& name) {
    if (config.backend(name) != nullptr && std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  };
  add(config.router.local);
  for (const auto& [name, backend] : config.backends) add(name);
  return names;
}

}  // namespace

Machine inspect_machine(const World& world, const Configured& configured, const CancelToken& cancel) {
  Machine machine{.has_file = configured.sources.user_file.has_value(), .problems = configured.loaded.problems.size()};
  const Config config = machine.problems == 0 ? configured.loaded.config : built_in_config();
  for (const std::string& name : in_order(config))
    machine.backends.push_back(inspect_backend(world, *config.backend(name), cancel));
  return machine;
}

std::vector<NextStep> next_steps(const Machine& machine, bool mine) {
  if (machine.problems > 0) return {{"delegate config check", "what is wrong in your configuration"}};
  const auto first =
      std::find_if(machine.backends.begin(), machine.backends.end(), [](const Found& found) { return found.usable; });
  if (first == machine.backends.end()) {
    const auto missing = std::find_if(machine.backends.begin(), machine.backends.end(),
                                      [](const Found& found) { return !found.hint.empty(); });
    std::vector<NextStep> steps;
    if (missing != machine.backends.end()) steps.push_back({missing->hint, "or another one"});
    steps.push_back({kQuestion, ""});
    return steps;
  }
  std::vector<NextStep> steps{{kQuestion, first->name + " is called first"}};
  if (!machine.has_file) steps.push_back({"delegate config init", "a commented file to change that"});
  if (!mine) steps.push_back({"delegate drill --mine", "the same with your configuration"});
  return steps;
}

}  // namespace delegate::cli::drill
