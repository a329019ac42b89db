#include "cli/drill/report.hpp"

#include <algorithm>

#include "cli/render/render.hpp"
#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace delegate::cli::drill {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kMostListed = 8;  // backends on this machine

std::string in_its_colour(const SeenBreaker& breaker, bool painted) {
  const bool is_half_open = breaker.state == BreakerState::half_open;
  const char* code = breaker.state == BreakerState::closed ? "32" : is_half_open ? "33" : "31";
  return in_colour(code, to_string(breaker), painted);
}

/// Broken into lines at spaces.
std::string wrapped(const std::string& text) {
  std::string out;
  std::size_t column = 0;
  for (const std::string_view word : split(text, ' ')) {
    const bool fits = column + word.size() + 1 <= kWidth;
    if (column > 0) out += fits ? ' ' : '\n';
    column = column > 0 && fits ? column + word.size() + 1 : word.size();
    out += word;
  }
  return out + "\n";
}

std::string head_of(const Setup& setup) {
  const std::string scenario =
      setup.target + " fails and recovers" + (setup.next.empty() ? "" : "; " + setup.next + " answers meanwhile") + ".";
  const std::string counted =
      setup.is_process(setup.target) ? " STARTS counts processes of " : " REQUESTS counts requests to ";
  const std::string real = " in a sandbox; processes, HTTP, breaker and state are real." + counted + setup.target + ".";
  if (!setup.mine)
    return wrapped(scenario + " Both are fake backends" + real +
                   " The drill does not use your tools; at the end it checks what is installed.");
  std::string out = wrapped("Your configuration: " + scenario + " All are fake backends" + real +
                            " Nothing of yours is called or changed.");
  for (const std::string& note : setup.notes) out += wrapped("Note: " + note + ".");
  return out;
}

std::string rows_of(const Report& report, bool painted) {
  const bool is_process = report.setup.is_process(report.setup.target);
  std::vector<std::vector<std::string>> rows{
      {"", "WHAT HAPPENS", is_process ? "STARTS" : "REQUESTS", "ANSWERED BY", "BREAKER", "TOOK"}};
  for (const Step& step : report.steps)
    rows.push_back({step.held() ? in_colour("32", "ok", painted) : in_colour("31", "FAILED", painted), step.name,
                    std::to_string(step.seen.starts), step.seen.by.empty() ? "-" : step.seen.by,
                    in_its_colour(step.seen.breaker, painted), format_took(step.took)});
  return table(rows);
}

std::string failure_of(const Report& report) {
  std::string out;
  for (const Step& step : report.steps) {
    if (step.held()) continue;
    out += "\n" + step.name + ":\n  expected  " + to_string(step.expected, report.setup) + "\n  seen      " +
           to_string(step.seen, report.setup) + "\n";
    if (!step.said.empty()) out += "  stderr    " + step.said + "\n";
  }
  return out;
}

std::string verdict_of(const Report& report, bool painted) {
  if (!report.held()) return failure_of(report) + "\n" + in_colour("31", "This step failed.", painted) + "\n";
  const std::string& target = report.setup.target;
  const int threshold = report.setup.role(target).breaker.threshold;
  const std::string failures =
      threshold == 1 ? "One failure opens" : std::to_string(threshold) + " failures in a row open";
  return "\n" + in_colour("32", "All steps passed in " + format_took(report.took) + ".", painted) + "\n" +
         wrapped(failures + " the breaker: from then on no call in any shell waits for " + target +
                 ". After the cooldown a single probe tries it again.");
}

std::string machine_of(const Machine& machine) {
  const bool any =
      std::any_of(machine.backends.begin(), machine.backends.end(), [](const Found& found) { return found.usable; });
  std::vector<std::vector<std::string>> rows;
  for (const Found& found : machine.backends) {
    if (rows.size() == kMostListed) break;
    if (found.state == "disabled") continue;
    std::string state = found.usable ? one_line(found.where, 200) : found.state;
    if (!found.usable && !found.where.empty()) state += " at " + one_line(found.where, 200);
    if (!any && !found.hint.empty()) state += ": " + found.hint;
    rows.push_back({" ", found.name, state});
  }
  return rows.empty() ? std::string() : "\nOn this machine:\n" + table(rows);
}

std::string next_of(const std::vector<NextStep>& steps) {
  std::vector<std::vector<std::string>> rows;
  for (const NextStep& step : steps) rows.push_back({" ", step.command, step.what});
  return "\nNext:\n" + table(rows);
}

OrderedJson to_object(const Step& step, const Setup& setup) {
  OrderedJson json{{"name", step.name},
                   {"expected", to_string(step.expected, setup)},
                   {"seen", to_string(step.seen, setup)},
                   {"held", step.held()},
                   {"took_ms", step.took.count()}};
  if (!step.held() && !step.said.empty()) json["said"] = step.said;
  return json;
}

OrderedJson to_object(const Found& found) {
  OrderedJson json{{"name", found.name}, {"kind", found.kind}, {"state", found.state}};
  if (!found.where.empty()) json["path"] = found.where;
  if (!found.hint.empty()) json["hint"] = found.hint;
  return json;
}

}  // namespace

bool Report::held() const {
  return std::all_of(steps.begin(), steps.end(), [](const Step& step) { return step.held(); });
}

std::string to_text(const Report& report, bool painted) {
  return head_of(report.setup) + "\n" + rows_of(report, painted) + verdict_of(report, painted) +
         machine_of(report.machine) + next_of(next_steps(report.machine, report.setup.mine));
}

std::string to_json(const Report& report) {
  OrderedJson json{{"schema", "delegate.drill/1"},
                   {"held", report.held()},
                   {"mine", report.setup.mine},
                   {"patient", report.setup.target}};
  json["steps"] = OrderedJson::array();
  for (const Step& step : report.steps) json["steps"].push_back(to_object(step, report.setup));
  json["notes"] = report.setup.notes;
  json["took_ms"] = report.took.count();
  json["installed"] = OrderedJson::array();
  for (const Found& found : report.machine.backends) json["installed"].push_back(to_object(found));
  json["next"] = OrderedJson::array();
  for (const NextStep& step : next_steps(report.machine, report.setup.mine)) json["next"].push_back(step.command);
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace delegate::cli::drill
