#include "cli/render/doctor.hpp"

#include <algorithm>

#include "cli/render/render.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

constexpr std::size_t kLongest = 600;

std::string badge(FindingSeverity severity, bool painted) {
  std::string name(to_string(severity));
  if (severity == FindingSeverity::note) return name;
  const char* colour = severity == FindingSeverity::ok ? "32" : severity == FindingSeverity::warning ? "33" : "31";
  return in_colour(colour, name, painted);
}

std::string counted(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::string summary(const std::vector<Section>& sections) {
  const std::size_t problems = count(sections, FindingSeverity::problem);
  const std::size_t warnings = count(sections, FindingSeverity::warning);
  std::string text = problems == 0 ? "No problems found" : counted(problems, "problem");
  if (warnings > 0) text += ", " + counted(warnings, "warning");
  return text + ". No model was called; `delegate ping` calls each.";
}

}  // namespace

std::size_t count(const std::vector<Section>& sections, FindingSeverity severity) {
  std::size_t number = 0;
  for (const Section& section : sections)
    number += static_cast<std::size_t>(std::count_if(section.findings.begin(), section.findings.end(),
                                                     [&](const Finding& one) { return one.severity == severity; }));
  return number;
}

std::string to_text(const std::vector<Section>& sections, std::string_view version, bool painted) {
  std::vector<std::vector<std::string>> rows;
  for (const Section& section : sections)
    for (const Finding& one : section.findings) {
      rows.push_back({badge(one.severity, painted), one_line(one.about, kLongest), one_line(one.what, kLongest)});
      if (!one.fix.empty()) rows.push_back({"", "", "-> " + one_line(one.fix, kLongest)});
    }
  return table(rows) + "\ndelegate " + std::string(version) + ". " + summary(sections) + "\n";
}

std::string to_json(const std::vector<Section>& sections, std::string_view version) {
  OrderedJson list = OrderedJson::array();
  for (const Section& section : sections)
    for (const Finding& one : section.findings) {
      OrderedJson row{
          {"severity", to_string(one.severity)}, {"check", section.name}, {"about", one.about}, {"what", one.what}};
      put(row, "fix", one.fix);
      list.push_back(std::move(row));
    }
  return dump(OrderedJson{{"schema", "delegate.doctor/1"},
                          {"version", version},
                          {"problems", count(sections, FindingSeverity::problem)},
                          {"warnings", count(sections, FindingSeverity::warning)},
                          {"findings", std::move(list)}});
}

}  // namespace delegate::cli
