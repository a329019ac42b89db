#include "core/state/job_line.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr char kNamed = '=';
constexpr char kNested = '+';
constexpr char kLast = '!';
constexpr char kApart = '@';
constexpr char kFirst = ':';

}  // namespace

std::string to_text(const JobLine& line) {
  std::string text;
  if (line.is_nested) text += kNested;
  if (line.is_named) text += kNamed;
  if (line.has_last_resort) text += kLast;
  if (!line.apart.empty()) text += kApart + line.apart;
  return text + kFirst + join(line.candidates, ",");
}

JobLine job_line_of(std::string_view text) {
  JobLine line;
  if (text.starts_with(kNested)) line.is_nested = true, text.remove_prefix(1);
  if (text.starts_with(kNamed)) line.is_named = true, text.remove_prefix(1);
  if (text.starts_with(kLast)) line.has_last_resort = true, text.remove_prefix(1);
  if (text.starts_with(kApart)) {
    const std::size_t end = std::min(text.find(kFirst), text.size());
    line.apart = text.substr(1, end - 1);
    text.remove_prefix(end);
  }
  if (text.starts_with(kFirst)) text.remove_prefix(1);
  if (!text.empty())
    for (const std::string_view name : split(text, ',')) line.candidates.emplace_back(name);
  return line;
}

}  // namespace delegate
