#include <algorithm>
#include <filesystem>
#include <future>

#include "core/base/text.hpp"
#include "core/inspect/context.hpp"
#include "core/os/in_parallel.hpp"
#include "core/os/process.hpp"
#include "core/run/check.hpp"
#include "core/run/hints.hpp"

// Each backend, without calling a model: is it installed, does it start, has it a login?
namespace delegate::inspect {
namespace {

constexpr milliseconds kServerTimeout = kCheckTimeout / 2;  // for each of two requests

/// The findings about one candidate, and whether it could answer a call now.
struct Examined {
  Findings findings;
  bool can_answer = false;
};

bool is_set_by_user(const Context& context, const BackendSettings& settings, const char* key) {
  const std::string name = "backends." + settings.name + "." + key;
  return context.config().origin(name).layer != Layer::built_in;
}

/// A file with this name that is not executable.
std::string not_executable(const Context& context, const std::string& command) {
  std::error_code ignored;  // an inaccessible file counts as missing
  for (std::string& place : places_of_command(command, context.process.variable("PATH")))
    if (std::filesystem::is_regular_file(place, ignored) && !is_executable_file(place)) return std::move(place);
  return {};
}

Finding not_installed(const Context& context, const std::string& name, const BackendSettings& settings) {
  const std::string& command = settings.command.front();
  if (const std::string file = not_executable(context, command); !file.empty())
    return {FindingSeverity::problem, name, file + " is not executable", "chmod +x " + file};
  const Backend* backend = context.engine().find_backend(settings.kind);
  const std::string fix =
      backend == nullptr ? "" : hint_for(*backend, Task{.settings = settings}, {.outcome = Outcome::not_installed});
  if (!is_set_by_user(context, settings, "command")) return {FindingSeverity::note, name, "is not installed", fix};
  return {FindingSeverity::problem, name,
          command + (command.starts_with('/') ? " does not exist" : " not found on PATH"),
          "install it, or change backends." + settings.name + ".command"};
}

Finding absent(const Context& context, const std::string& name, const Unavailable& why) {
  const BackendSettings& settings = *context.config().backend(name);
  if (why.reason == UnavailableReason::not_installed) return not_installed(context, name, settings);
  if (why.reason == UnavailableReason::disabled)
    return {FindingSeverity::note, name, "is disabled", "set backends." + settings.name + ".enabled = true"};
  return {FindingSeverity::warning, name, message_of(why),
          "set " + why.variable + " here, or change backends." + settings.name + ".logins"};
}

/// Another shell or an editor may start a second one that comes later on PATH.
void find_duplicates(const Context& context, const Candidate& candidate, Findings& all) {
  const std::string& command = candidate.task.settings.command.front();
  for (const std::string& place : places_of_command(command, context.process.variable("PATH"))) {
    std::error_code ignored;  // an inaccessible file counts as different
    if (!is_executable_file(place) || std::filesystem::equivalent(place, candidate.where, ignored)) continue;
    all.push_back(
        {FindingSeverity::note, candidate.name, "is on PATH twice: " + place + " is another one and is not used here"});
    return;
  }
}

bool examine_process(const Context& context, const Candidate& candidate, Findings& all) {
  if (candidate.task.settings.kind == "command") {
    // A user-defined command may treat any argument as a prompt.
    all.push_back({FindingSeverity::ok, candidate.name,
                   candidate.where + "; not started, because it has no known version option"});
    return true;
  }
  const VersionAnswer version = ask_version(candidate, context.process.interrupted, kCheckTimeout);
  const bool is_slow = version.outcome == Outcome::timed_out || version.outcome == Outcome::timed_out_active;
  if (version.works) all.push_back({FindingSeverity::ok, candidate.name, candidate.where + ", " + version.text});
  else if (is_slow)
    all.push_back({FindingSeverity::warning, candidate.name, candidate.where + " did not print its version in time",
                   "delegate backends --check waits longer for it"});
  else all.push_back({FindingSeverity::problem, candidate.name, candidate.where + ": " + version.text, version.hint});
  if (!version.works && !is_slow) return false;
  find_duplicates(context, candidate, all);
  const LoginTrace login = find_login(candidate);
  if (!login.found)
    all.push_back({FindingSeverity::warning, candidate.name,
                   "no login found: " + login.usual_place + " does not exist, and no variable with a key is set",
                   login.hint});
  if (!login.doubt.empty()) all.push_back({FindingSeverity::warning, candidate.name, login.doubt, login.hint});
  return true;
}

bool examine_server(const Context& context, const Candidate& candidate, Findings& all) {
  if (is_service(candidate)) {
    all.push_back(
        {FindingSeverity::ok, candidate.name, candidate.where + "; not contacted, because it is a remote service"});
    return true;
  }
  const VersionAnswer version = ask_version(candidate, context.process.interrupted, kServerTimeout);
  if (version.outcome == Outcome::not_installed) {  // no server was configured, so this is no problem
    all.push_back({FindingSeverity::note, candidate.name, "no server at " + candidate.where, version.hint});
    return false;
  }
  if (!version.works) {
    all.push_back({FindingSeverity::problem, candidate.name, candidate.where + ": " + version.text, version.hint});
    return false;
  }
  const ModelAnswer model = ask_for_model(candidate, context.process.interrupted, kServerTimeout);
  all.push_back({model.works ? FindingSeverity::ok : FindingSeverity::problem, candidate.name,
                 candidate.where + (model.text.empty() ? "" : ": " + model.text), model.hint});
  return model.works;
}

Examined examine(const Context& context, const std::string& name) {
  const auto candidate = find_candidate(context.engine(), name);
  if (!candidate) return {.findings = {absent(context, name, candidate.error())}};
  Examined out;
  const bool works = candidate->backend->is_process() ? examine_process(context, *candidate, out.findings)
                                                      : examine_server(context, *candidate, out.findings);
  const Findings breaker = check_breaker(context, *candidate);
  const bool is_let_through = std::none_of(breaker.begin(), breaker.end(),
                                           [](const Finding& one) { return one.severity > FindingSeverity::note; });
  out.can_answer = works && is_let_through;
  add(out.findings, breaker);
  add(out.findings, check_slots(context, *candidate));
  return out;
}

bool is_used_by_auto(const Config& config, const std::string& candidate) {
  const std::string backend = candidate_name(candidate).backend;
  const auto& order = config.router.order.names;
  return backend == config.router.local || std::find(order.begin(), order.end(), backend) != order.end();
}

}  // namespace

Findings check_backends(const Context& context) {
  const std::vector<std::string> names = context.config().candidates();
  std::vector<std::future<Examined>> under_way;
  under_way.reserve(names.size());
  for (const std::string& name : names)
    under_way.push_back(in_parallel([&context, &name] { return examine(context, name); }));
  Findings all;
  bool any_ready = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Examined examined = under_way[i].get();
    any_ready = any_ready || (examined.can_answer && is_used_by_auto(context.config(), names[i]));
    add(all, std::move(examined.findings));
  }
  if (!any_ready)
    all.push_back({FindingSeverity::problem, "router", "no backend that `delegate ask` would call can answer now",
                   "install or sign in to one of the backends listed above"});
  for (Finding& finding : all) {  // they quote output of programs and servers
    finding.what = context.engine().redact(std::move(finding.what));
    finding.fix = context.engine().redact(std::move(finding.fix));
  }
  return all;
}

}  // namespace delegate::inspect
