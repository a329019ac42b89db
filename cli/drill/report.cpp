#include "cli/drill/report.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/render/render.hpp"
#include "core/base/duration.hpp"
#include "core/base/text.hpp"

namespace delegate::cli::drill {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kWidth = 80;
constexpr std::size_t kMostListed = 8;  // backends of this machine

std::string in_colour(const char* code, const std::string& text, bool painted) {
  return painted ? std::string("\033[") + code + "m" + text + "\033[0m" : text;
}

std::string colour_of(const std::string& breaker, bool painted) {
  const char* code = breaker.starts_with("closed") ? "32" : breaker == "half-open" ? "33" : "31";
  return in_colour(code, breaker, painted);
}

/// Broken into lines at blanks.
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

std::string head_of(const Scene& scene) {
  const std::string story = scene.patient + " breaks down and comes back" +
                            (scene.next.empty() ? "" : "; " + scene.next + " answers meanwhile") + ".";
  const std::string counted =
      scene.is_process(scene.patient) ? " STARTS counts the processes of " : " REQUESTS counts those to ";
  const std::string real = " in a sandbox; processes, HTTP, breaker and state are real." + counted + scene.patient +
                           ". Nothing of yours is ";
  if (!scene.mine) return wrapped(story + " Both are stand-ins" + real + "read, called or changed.");
  std::string out = wrapped("Your configuration: " + story + " All are stand-ins" + real + "called or changed.");
  for (const std::string& note : scene.notes) out += wrapped("Note: " + note + ".");
  return out;
}

std::string rows_of(const Report& report, bool painted) {
  const bool is_process = report.scene.is_process(report.scene.patient);
  std::vector<std::vector<std::string>> rows{
      {"", "WHAT HAPPENS", is_process ? "STARTS" : "REQUESTS", "ANSWERED BY", "BREAKER", "TOOK"}};
  for (const Step& step : report.steps)
    rows.push_back({step.held() ? in_colour("32", "ok", painted) : in_colour("31", "FAILED", painted), step.name,
                    std::to_string(step.seen.starts), step.seen.answered.empty() ? "-" : step.seen.answered,
                    colour_of(step.seen.breaker, painted), format_took(step.took)});
  return table(rows);
}

std::string failure_of(const Report& report) {
  std::string out;
  for (const Step& step : report.steps) {
    if (step.held()) continue;
    out += "\n" + step.name + ":\n  expected  " + to_string(step.expected, report.scene) + "\n  seen      " +
           to_string(step.seen, report.scene) + "\n";
    if (!step.said.empty()) out += "  it said   " + step.said + "\n";
  }
  return out;
}

std::string verdict_of(const Report& report, bool painted) {
  if (!report.held()) return failure_of(report) + "\n" + in_colour("31", "This did not hold.", painted) + "\n";
  const std::string& patient = report.scene.patient;
  const int threshold = report.scene.role(patient).breaker.threshold;
  const std::string failures =
      threshold == 1 ? "One failure opens" : std::to_string(threshold) + " failures in a row open";
  return "\n" + in_colour("32", "Everything held, in " + format_took(report.took) + ".", painted) + "\n" +
         wrapped(failures + " the breaker: from then on " + patient +
                 " costs no call any time, in any shell. After the cooldown a single call tries it again.");
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

Json to_object(const Step& step, const Scene& scene) {
  Json json{{"name", step.name},
            {"expected", to_string(step.expected, scene)},
            {"seen", to_string(step.seen, scene)},
            {"held", step.held()},
            {"took_ms", step.took.count()}};
  if (!step.held() && !step.said.empty()) json["said"] = step.said;
  return json;
}

Json to_object(const Found& found) {
  Json json{{"name", found.name}, {"kind", found.kind}, {"state", found.state}};
  if (!found.where.empty()) json["path"] = found.where;
  if (!found.hint.empty()) json["hint"] = found.hint;
  return json;
}

}  // namespace

bool Report::held() const {
  return std::all_of(steps.begin(), steps.end(), [](const Step& step) { return step.held(); });
}

std::string to_text(const Report& report, bool painted) {
  return head_of(report.scene) + "\n" + rows_of(report, painted) + verdict_of(report, painted) +
         machine_of(report.machine) + next_of(next_steps(report.machine, report.scene.mine));
}

std::string to_json(const Report& report) {
  Json json{{"schema", "delegate.drill/1"},
            {"held", report.held()},
            {"mine", report.scene.mine},
            {"patient", report.scene.patient}};
  json["steps"] = Json::array();
  for (const Step& step : report.steps) json["steps"].push_back(to_object(step, report.scene));
  json["notes"] = report.scene.notes;
  json["took_ms"] = report.took.count();
  json["installed"] = Json::array();
  for (const Found& found : report.machine.backends) json["installed"].push_back(to_object(found));
  json["next"] = Json::array();
  for (const NextStep& step : next_steps(report.machine, report.scene.mine)) json["next"].push_back(step.command);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace delegate::cli::drill
