#include <algorithm>
#include <filesystem>
#include <future>

#include "core/base/text.hpp"
#include "core/config/paths.hpp"
#include "core/inspect/context.hpp"
#include "core/os/process.hpp"
#include "core/run/check.hpp"
#include "core/run/hints.hpp"

// Each backend, as far as that can be told without asking a model: is it here, does it start, has it a login?
namespace delegate::inspect {
namespace {

constexpr milliseconds kServerPatience = kCheckTimeout / 2;  // it is asked two things, one after the other

/// What was found of one candidate, and whether a call would be let through to it.
struct Examined {
  Findings findings;
  bool can_answer = false;
};

bool is_named_by_person(const Context& context, const BackendSettings& settings, const char* key) {
  const std::string name = "backends." + settings.name + "." + key;
  return context.config().origin(name).layer != Layer::built_in;
}

/// A file of the name that may not be executed.
std::string not_executable(const Context& context, const std::string& command) {
  std::error_code ignored;  // what cannot be looked at is not there for us
  for (std::string& place : places_of_command(command, context.process.variable("PATH")))
    if (std::filesystem::is_regular_file(place, ignored) && !is_executable_file(place)) return std::move(place);
  return {};
}

Finding not_installed(const Context& context, const std::string& name, const BackendSettings& settings) {
  const std::string& command = settings.command.front();
  if (const std::string file = not_executable(context, command); !file.empty())
    return {FindingSeverity::problem, name, file + " may not be executed", "chmod +x " + file};
  const Backend* backend = context.engine().find_backend(settings.kind);
  const std::string fix =
      backend == nullptr ? "" : hint_for(*backend, Task{.settings = settings}, {.outcome = Outcome::not_installed});
  if (!is_named_by_person(context, settings, "command")) return {FindingSeverity::note, name, "is not installed", fix};
  return {FindingSeverity::problem, name,
          command + (command.starts_with('/') ? " is not there" : " is not on the PATH"),
          "put it there, or change backends." + settings.name + ".command"};
}

Finding absent(const Context& context, const std::string& name, const Unavailable& why) {
  const BackendSettings& settings = *context.config().backend(name);
  if (why.reason == UnavailableReason::not_installed) return not_installed(context, name, settings);
  if (why.reason == UnavailableReason::disabled)
    return {FindingSeverity::note, name, "is switched off", "set backends." + settings.name + ".enabled = true"};
  return {FindingSeverity::warning, name, message_of(why),
          "set " + why.variable + " here, or change backends." + settings.name + ".logins"};
}

/// A second one further down the PATH is what another shell, or an editor, may start.
void look_for_others(const Context& context, const Candidate& candidate, Findings& all) {
  const std::string& command = candidate.task.settings.command.front();
  for (const std::string& place : places_of_command(command, context.process.variable("PATH"))) {
    std::error_code ignored;  // what cannot be looked at is another one
    if (!is_executable_file(place) || std::filesystem::equivalent(place, candidate.where, ignored)) continue;
    all.push_back({FindingSeverity::note, candidate.name,
                   "is on the PATH twice: " + place + " is another one, and is not used here"});
    return;
  }
}

bool examine_process(const Context& context, const Candidate& candidate, Findings& all) {
  if (candidate.task.settings.kind == "command") {
    // A command of the person's may take any argument for a question.
    all.push_back(
        {FindingSeverity::ok, candidate.name, candidate.where + "; not started, because it has no version to tell"});
    return true;
  }
  const VersionAnswer version = ask_version(candidate, context.process.interrupted, kCheckTimeout);
  const bool is_slow = version.outcome == Outcome::timed_out || version.outcome == Outcome::timed_out_active;
  if (version.works) all.push_back({FindingSeverity::ok, candidate.name, candidate.where + ", " + version.text});
  else if (is_slow)
    all.push_back({FindingSeverity::warning, candidate.name, candidate.where + " told no version in time",
                   "delegate backends --check waits longer for it"});
  else all.push_back({FindingSeverity::problem, candidate.name, candidate.where + ": " + version.text, version.hint});
  if (!version.works && !is_slow) return false;
  look_for_others(context, candidate, all);
  if (const LoginTrace login = find_login(candidate); !login.found)
    all.push_back({FindingSeverity::warning, candidate.name,
                   "has no login that can be seen: " + login.usual_place + " is not there, and no variable with a key",
                   login.hint});
  return true;
}

bool examine_server(const Context& context, const Candidate& candidate, Findings& all) {
  if (is_service(candidate)) {
    all.push_back({FindingSeverity::ok, candidate.name, candidate.where + "; not asked, because it is a service"});
    return true;
  }
  const VersionAnswer version = ask_version(candidate, context.process.interrupted, kServerPatience);
  if (version.outcome == Outcome::not_installed) {  // nobody has said that there is a server: none of our business
    all.push_back({FindingSeverity::note, candidate.name, "nothing listens at " + candidate.where, version.hint});
    return false;
  }
  if (!version.works) {
    all.push_back({FindingSeverity::problem, candidate.name, candidate.where + ": " + version.text, version.hint});
    return false;
  }
  const ModelAnswer model = ask_for_model(candidate, context.process.interrupted, kServerPatience);
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

bool is_asked_by_auto(const Config& config, const std::string& candidate) {
  const std::string backend = candidate_name(candidate).backend;
  const auto& order = config.router.order;
  return backend == config.router.local || std::find(order.begin(), order.end(), backend) != order.end();
}

}  // namespace

Findings check_backends(const Context& context) {
  const std::vector<std::string> names = context.config().candidates();
  std::vector<std::future<Examined>> under_way;
  under_way.reserve(names.size());
  for (const std::string& name : names)
    under_way.push_back(std::async(std::launch::async, [&context, &name] { return examine(context, name); }));
  Findings all;
  bool anybody = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Examined examined = under_way[i].get();
    anybody = anybody || (examined.can_answer && is_asked_by_auto(context.config(), names[i]));
    add(all, std::move(examined.findings));
  }
  if (!anybody)
    all.push_back({FindingSeverity::problem, "router", "nobody whom `delegate ask` would ask can answer now",
                   "mend one of these, or install another"});
  for (Finding& finding : all) {  // they quote what programs and servers have said
    finding.what = context.engine().redact(std::move(finding.what));
    finding.fix = context.engine().redact(std::move(finding.fix));
  }
  return all;
}

}  // namespace delegate::inspect
