#include "cli/setup/difference.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace delegate::cli::setup {
namespace {

constexpr std::size_t kAround = 2;           // context lines before and after
constexpr std::size_t kMostCompared = 2000;  // lines; the table below has this many squared entries
constexpr std::string_view kHidden = "…";

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+';
}

constexpr std::size_t kLongestNumber = 8;  // digits; a longer number may be an account id

bool is_safe_word(std::string_view word) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return word == "true" || word == "false" || word == "null" ||
         (word.size() <= kLongestNumber && std::all_of(word.begin(), word.end(), is_digit));
}

bool is_one_of(std::string_view word, const std::vector<std::string>& known) {
  return std::find(known.begin(), known.end(), word) != known.end();
}

std::size_t end_of_string(std::string_view line, std::size_t at) {
  const char fence = line[at];
  for (++at; at < line.size() && line[at] != fence; ++at)
    if (line[at] == '\\') ++at;
  return std::min(at + 1, line.size());
}

/// The lines in the middle as removed and added ones, by their longest common subsequence.
std::vector<std::string> compare(const Lines& before, const Lines& after, const std::vector<std::string>& known) {
  std::vector<std::string> out;
  const auto add_line = [&](char sign, std::string_view line) {
    out.push_back(std::string(1, sign) + masked(line, known));
  };
  std::vector<std::vector<std::size_t>> common(before.size() + 1, std::vector<std::size_t>(after.size() + 1));
  for (std::size_t i = before.size(); i-- > 0;)
    for (std::size_t j = after.size(); j-- > 0;)
      common[i][j] = before[i] == after[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      add_line(' ', before[i]);
      ++i, ++j;
    } else if (j == after.size() || (i < before.size() && common[i + 1][j] >= common[i][j + 1])) {
      add_line('-', before[i++]);
    } else {
      add_line('+', after[j++]);
    }
  }
  return out;
}

/// As in a unified diff: an empty range has the number of the line before it.
std::string range_of(std::size_t begin, std::size_t count) {
  return std::to_string(count == 0 ? begin : begin + 1) + "," + std::to_string(count);
}

}  // namespace

std::string masked(std::string_view line, const std::vector<std::string>& known) {
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    const char c = line[at];
    if (c == '"' || c == '\'') {
      const std::size_t end = end_of_string(line, at);
      const std::string_view text = line.substr(at + 1, std::max(end, at + 2) - at - 2);
      const bool is_shown = trim(line.substr(end)).starts_with(':') || is_one_of(text, known);
      out += is_shown ? std::string(line.substr(at, end - at)) : std::string(1, c) + std::string(kHidden) + c;
      at = end;
    } else if (is_word(c)) {
      const auto end = static_cast<std::size_t>(
          std::find_if_not(line.begin() + static_cast<std::ptrdiff_t>(at), line.end(), is_word) - line.begin());
      const std::string_view word = line.substr(at, end - at);
      out += is_safe_word(word) || is_one_of(word, known) ? word : kHidden;
      at = end;
    } else if (c == ' ' || c == '\t' || std::string_view("{}[],:=.").find(c) != std::string_view::npos) {
      out += c;
      ++at;
    } else if (c == '\r') {
      ++at;
    } else {  // a comment, or something that may be one
      return out + std::string(kHidden);
    }
  }
  return out;
}

std::string difference(std::string_view before, std::string_view after, const std::vector<std::string>& known) {
  const Lines old = lines_of(before);
  const Lines fresh = lines_of(after);
  const auto shorter = std::min(old.size(), fresh.size());
  std::size_t same = 0;
  while (same < shorter && old[same] == fresh[same]) ++same;
  std::size_t same_behind = 0;
  while (same_behind < shorter - same && old[old.size() - 1 - same_behind] == fresh[fresh.size() - 1 - same_behind])
    ++same_behind;
  const std::size_t begin = same - std::min(same, kAround);
  const std::size_t behind = same_behind - std::min(same_behind, kAround);
  const auto part = [&](const Lines& lines) {
    return Lines(lines.begin() + static_cast<std::ptrdiff_t>(begin), lines.end() - static_cast<std::ptrdiff_t>(behind));
  };
  const Lines one = part(old);
  const Lines other = part(fresh);
  if (std::max(one.size(), other.size()) > kMostCompared)
    return "@@ line " + std::to_string(begin + 1) + " @@ " + std::to_string(one.size()) + " lines become " +
           std::to_string(other.size()) + "\n";
  return "@@ -" + range_of(begin, one.size()) + " +" + range_of(begin, other.size()) + " @@\n" +
         join(compare(one, other, known), "\n") + "\n";
}

}  // namespace delegate::cli::setup
