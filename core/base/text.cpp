#include "core/base/text.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace delegate {
namespace {

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// Edit distance in which swapping two neighbours counts as one edit, because that is a common typo.
std::size_t typo_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  return cost[a.size()][b.size()];
}

bool is_shown_by_number(char32_t value) { return is_steering(value) && !is_direction_mark(value); }

constexpr std::string_view kBeforePath = " '\"`(=";

/// The length of the path at the start of `text`, with `before` in front of it. In quotes, and in front of
/// "where: what: why", a path may contain spaces.
std::size_t path_length(std::string_view text, std::string_view before) {
  const bool is_quoted = !before.empty() && std::string_view("'\"`").find(before.back()) != std::string_view::npos;
  const std::size_t place = before.empty() ? text.find(": ") : std::string_view::npos;
  const std::size_t end = is_quoted                         ? text.find(before.back())
                          : place != std::string_view::npos ? place
                                                            : text.find_first_of(" \t\n)");
  return std::min(end, text.size());
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n\v\f");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n\v\f") - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower_char);
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end; (end = text.find(separator)) != std::string_view::npos; text.remove_prefix(end + 1))
    parts.push_back(text.substr(0, end));
  parts.push_back(text);
  return parts;
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != parts.data()) out += separator;
    out += part;
  }
  return out;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower_char(a) == lower_char(b); }) != text.end();
}

bool contains_word(std::string_view text, std::string_view word) {
  const std::string haystack = lower(text);
  for (std::size_t at = haystack.find(word); at != std::string::npos; at = haystack.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool starts = at == 0 || !is_word_char(haystack[at - 1]);
    if (starts && (end == haystack.size() || !is_word_char(haystack[end]))) return true;
  }
  return false;
}

std::string_view nearest(std::string_view typed, std::span<const std::string> candidates) {
  if (typed.size() > 64) return {};
  std::string_view best;
  std::size_t fewest = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t count = typo_distance(lower(typed), lower(candidate));
    if (count >= fewest) continue;
    fewest = count;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view near, std::string_view otherwise) {
  return near.empty() ? std::string(otherwise) : "did you mean `" + std::string(near) + "`?";
}

std::string one_line(std::string_view text, std::size_t longest) {
  std::string out;
  const std::string valid = valid_utf8(trim(text));
  for (std::string_view rest = valid; !rest.empty();) {
    const CodePoint point = take_code_point(rest);
    if (is_steering(point.value)) out += code_point_name(point.value);
    else out += is_control(point.value) ? std::string_view(" ") : point.bytes;
  }
  return shortened_to_bytes(out, longest);
}

std::string escape_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint next = take_code_point(text);
    const bool is_c0 = next.value < 0x20 && next.value != '\n' && next.value != '\t';
    const bool is_c1 = next.value >= 0x80 && next.value < 0xA0;
    if (is_c0) out += {'^', static_cast<char>(next.value + '@')};
    else if (next.value == 0x7F) out += "^?";
    else if (is_c1 || !next.is_valid) out += "\uFFFD";
    else if (is_shown_by_number(next.value)) out += code_point_name(next.value);
    else out += next.bytes;
  }
  return out;
}

std::string escape_steering(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint next = take_code_point(text);
    if (is_shown_by_number(next.value)) out += code_point_name(next.value);
    else out += next.bytes;
  }
  return out;
}

std::string without_directories(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool begins = text.front() == '/' && (out.empty() || kBeforePath.find(out.back()) != std::string_view::npos);
    const std::string_view part = text.substr(0, begins ? path_length(text, out) : 1);
    text.remove_prefix(part.size());
    const std::size_t last = begins ? part.find_last_not_of('/') : std::string_view::npos;
    out += last == std::string_view::npos ? part : part.substr(part.rfind('/', last) + 1);
  }
  return out;
}

void HeadAndTail::add(std::string_view bytes) {
  total_ += bytes.size();
  const std::size_t room = head_limit_ - head_.size();
  head_ += bytes.substr(0, room);
  if (bytes.size() <= room) return;
  tail_ += bytes.substr(room);
  if (tail_.size() > 2 * tail_limit_) tail_.erase(0, tail_.size() - tail_limit_);  // amortised
}

std::string_view HeadAndTail::tail() const {
  const std::string_view last = tail_.empty() ? std::string_view(head_) : std::string_view(tail_);
  return last.substr(last.size() > tail_limit_ ? last.size() - tail_limit_ : 0);
}

std::string HeadAndTail::text() const {
  if (total_ == head_.size()) return head_;
  const std::string_view last = std::string_view(tail_).substr(tail_.size() - std::min(tail_.size(), tail_limit_));
  const std::uint64_t missing = total_ - head_.size() - last.size();
  std::string out = head_;
  if (missing > 0) out += "\n[… " + std::to_string(missing) + " bytes left out …]\n";
  return out.append(last);
}

std::string with_newline(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text.empty() ? text : text + "\n";
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += "'\\''";
    else out += c;
  }
  return out + "'";
}

std::string shell_word(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./+,:@%=").find(c) != std::string_view::npos;
  };
  return std::all_of(text.begin(), text.end(), is_plain) ? std::string(text) : shell_quoted(text);
}

}  // namespace delegate
