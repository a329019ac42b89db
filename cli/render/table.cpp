#include "cli/render/table.hpp"

#include <algorithm>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/health/outcome_words.hpp"

namespace delegate::cli {

namespace {

constexpr int kNarrowest = 16;  // columns of a cell that continues below itself

/// Without colours.
std::size_t width_of(std::string_view cell) {
  std::string plain;
  for (bool in_escape = false; const char c : cell) {
    if (c == '\033') in_escape = true;
    if (!in_escape) plain += c;
    if (c == 'm') in_escape = false;
  }
  return static_cast<std::size_t>(display_width(plain));
}

/// Lines of whole words; a word that is longer has a line of its own.
std::vector<std::string> in_lines(std::string_view cell, std::size_t columns) {
  std::vector<std::string> lines(1);
  for (const std::string_view word : split(cell, ' ')) {
    const bool fits = width_of(lines.back()) + 1 + width_of(word) <= columns;
    if (!lines.back().empty() && !fits) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows, int columns) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      line += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    const std::size_t before = width_of(line);
    const bool is_long = columns > 0 && before + width_of(row.back()) > static_cast<std::size_t>(columns);
    const std::size_t room = std::max<std::size_t>(static_cast<std::size_t>(columns), before + kNarrowest) - before;
    for (const std::string& part : is_long ? in_lines(row.back(), room) : std::vector<std::string>{row.back()}) {
      line += part;
      while (line.ends_with(' ')) line.pop_back();
      out += line + "\n";
      line.assign(before, ' ');
    }
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
