#include "cli/render/table.hpp"

#include <algorithm>

#include "core/base/duration.hpp"
#include "core/base/utf8.hpp"
#include "core/health/outcome_words.hpp"

namespace delegate::cli {

std::string table(const std::vector<std::vector<std::string>>& rows) {
  const auto width_of = [](std::string_view cell) {  // without colours
    std::string plain;
    for (bool in_escape = false; const char c : cell) {
      if (c == '\033') in_escape = true;
      if (!in_escape) plain += c;
      if (c == 'm') in_escape = false;
    }
    return static_cast<std::size_t>(display_width(plain));
  };
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string in_colour(const char* code, const std::string& text, bool painted) {
  return painted ? std::string("\033[") + code + "m" + text + "\033[0m" : text;
}

std::string until_text(milliseconds wait, milliseconds now) {
  // Rounded up: nothing is announced as over before it is. Not for a part of a second: limits end on the minute.
  const milliseconds end =
      std::chrono::ceil<std::chrono::minutes>(std::chrono::floor<std::chrono::seconds>(now + wait));
  const bool today = format_local(end, "%F") == format_local(now, "%F");
  return "until " + format_local(end, today ? "%H:%M" : "%a %-d %b %H:%M");
}

std::string outcome_text(const AttemptRow& attempt, milliseconds now) {
  std::string text(words_for(attempt.outcome));
  if (attempt.exit_code && *attempt.exit_code != 0) text += " (exit code " + std::to_string(*attempt.exit_code) + ")";
  if (attempt.retry_at) text += " " + until_text(*attempt.retry_at - now, now);
  return text;
}

}  // namespace delegate::cli
