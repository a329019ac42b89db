#include "core/run/echoes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <utility>

#include "core/base/text.hpp"
#include "core/run/pattern.hpp"

namespace delegate {
namespace {

constexpr std::size_t kRun = 24;            // bytes
constexpr std::size_t kShortestLine = 8;    // bytes; a shorter line may occur anywhere
constexpr std::size_t kKnown = 512u << 10;  // bytes of the text
constexpr std::uint64_t kBase = 0x9E3779B97F4A7C15u;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// A text without JSON's escapes and with single blanks. `from[i]` is the place in the original at which byte i begins;
/// one more entry stands for its end.
struct Plain {
  std::string text;
  std::vector<std::size_t> from;

  void add(char c, std::size_t at) {
    if (is_blank(c)) {
      if (text.empty() || text.back() == ' ') return;
      c = ' ';
    }
    text += c;
    from.push_back(at);
  }
};

std::optional<unsigned> hex_unit(std::string_view text, std::size_t at) {
  unsigned unit = 0;
  if (text.size() < at + 6 || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + at + 2, text.data() + at + 6, unit, 16);
  return error == std::errc{} && end == text.data() + at + 6 ? std::optional(unit) : std::nullopt;
}

void add_character(Plain& plain, char32_t c, std::size_t at) {
  if (c < 0x80) return plain.add(static_cast<char>(c), at);
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr std::array<unsigned, 4> kFirst{0, 0xC0, 0xE0, 0xF0};
  plain.add(static_cast<char>(kFirst[static_cast<std::size_t>(more)] | (c >> (6 * more))), at);
  for (int i = more - 1; i >= 0; --i) plain.add(static_cast<char>(0x80u | ((c >> (6 * i)) & 0x3Fu)), at);
}

/// Adds what the backslash at `at` stands for; returns the length of the escape.
std::size_t add_escape(Plain& plain, std::string_view text, std::size_t at) {
  const char next = at + 1 < text.size() ? text[at + 1] : '\0';
  if (next == 'n' || next == 't' || next == 'r') return plain.add(' ', at), 2;
  if (next == '"' || next == '\\' || next == '/') return plain.add(next, at), 2;
  const auto unit = hex_unit(text, at);
  if (!unit) return plain.add('\\', at), 1;
  const bool is_high = *unit >= 0xD800 && *unit < 0xDC00;
  const auto low = is_high ? hex_unit(text, at + 6) : std::nullopt;
  if (!low) return add_character(plain, *unit, at), 6;
  add_character(plain, 0x10000u + ((*unit - 0xD800u) << 10) + (*low - 0xDC00u), at);
  return 12;
}

Plain plain_of(std::string_view text) {
  Plain plain;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\\') at += add_escape(plain, text, at);
    else plain.add(text[at], at), ++at;
  }
  plain.from.push_back(text.size());
  return plain;
}

/// Calls `use(start, hash)` for each run of the text: a rolling hash.
template <class Use>
void for_each_run(std::string_view text, Use use) {
  if (text.size() < kRun) return;
  std::uint64_t leaving = 1;  // the factor of the byte that leaves
  for (std::size_t i = 1; i < kRun; ++i) leaving *= kBase;
  const auto value = [&](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) + 1; };
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i >= kRun) hash -= value(i - kRun) * leaving;
    hash = hash * kBase + value(i);
    if (i + 1 >= kRun) use(i + 1 - kRun, hash);
  }
}

/// Moves both ends of a range out of the middle of a character, and away from blanks.
void fit(const std::string& text, std::size_t& begin, std::size_t& end) {
  const auto continues = [&](std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0u) == 0x80;
  };
  while (begin > 0 && continues(begin)) --begin;
  while (continues(end)) ++end;
  while (begin < end && text[begin] == ' ') ++begin;
  while (end > begin && text[end - 1] == ' ') --end;
}

/// "Error: " and the like are in front of any message.
std::size_t length_of_prefix(std::string_view line) {
  constexpr std::array<std::string_view, 4> kPrefixes{"Error: ", "error: ", "ERROR: ", "API Error: "};
  std::size_t at = 0;
  for (const std::string_view prefix : kPrefixes)
    if (line.substr(at).starts_with(prefix)) at += prefix.size();
  return at;
}

}  // namespace

void Echoes::index() {
  if (std::exchange(is_indexed_, true)) return;
  const std::string known = inspected_part(text_, kKnown);
  // A prompt may itself hold escapes: it is known as it is and as it reads.
  const std::string plain = plain_of(known).text;
  for_each_run(plain, [&](std::size_t, std::uint64_t hash) { runs_.push_back(hash); });
  std::sort(runs_.begin(), runs_.end());
  for (const std::string_view line : split(known, '\n')) {
    const std::string words(trim(plain_of(line).text));
    wholes_.insert(std::hash<std::string_view>()(words));
    if (words.size() < kShortestLine || words.size() >= kRun) continue;
    lines_.insert(words);
    lengths_of_lines_ |= 1u << words.size();
  }
}

/// One flag for each byte of a plain text.
std::vector<bool> Echoes::repeated(std::string_view plain) const {
  std::vector<bool> flags(plain.size());
  std::size_t flagged = 0;  // up to here
  for_each_run(plain, [&](std::size_t start, std::uint64_t hash) {
    if (!std::binary_search(runs_.begin(), runs_.end(), hash)) return;
    for (std::size_t i = std::max(start, flagged); i < start + kRun; ++i) flags[i] = true;
    flagged = start + kRun;
  });
  for (std::size_t length = kShortestLine; length < kRun; ++length) {
    if ((lengths_of_lines_ & (1u << length)) == 0) continue;
    for (std::size_t start = 0; start + length <= plain.size(); ++start) {
      const bool begins = start == 0 || !is_word_byte(plain[start - 1]) || !is_word_byte(plain[start]);
      const std::size_t end = start + length;
      const bool ends = end == plain.size() || !is_word_byte(plain[end]) || !is_word_byte(plain[end - 1]);
      if (begins && ends && lines_.contains(std::string(plain.substr(start, length))))
        for (std::size_t i = start; i < end; ++i) flags[i] = true;
    }
  }
  return flags;
}

std::string Echoes::masked(std::string_view line, bool keep_whole) {
  index();
  if (runs_.empty() && lines_.empty()) return std::string(line);
  const Plain plain = plain_of(line);
  const std::vector<bool> flags = repeated(plain.text);
  std::string out;
  std::size_t copied = 0;  // of the original
  const auto next = [&](std::size_t from, bool flag) {
    return static_cast<std::size_t>(std::find(flags.begin() + static_cast<std::ptrdiff_t>(from), flags.end(), flag) -
                                    flags.begin());
  };
  std::size_t end = 0;
  for (std::size_t begin = next(0, true); begin < flags.size(); begin = next(end, true)) {
    end = next(begin, false);
    const bool is_whole = begin <= length_of_prefix(plain.text) && end + 1 >= flags.size();
    const std::string_view said = trim(std::string_view(plain.text).substr(begin, end - begin));
    if (keep_whole && is_whole && !wholes_.contains(std::hash<std::string_view>()(said))) continue;
    std::size_t first = begin;
    std::size_t last = end;
    fit(plain.text, first, last);
    if (plain.from[first] > copied) out += line.substr(copied, plain.from[first] - copied);
    out += kEchoMask;
    copied = plain.from[last];
  }
  return out + std::string(line.substr(copied));
}

std::string Echoes::masked(std::string_view line) { return masked(line, false); }

std::string Echoes::masked_inside(std::string_view lines) {
  std::string out;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    out += masked(lines.substr(at, end - at), true);
    if (end < lines.size()) out += '\n';
    at = end + 1;
  }
  return out;
}

}  // namespace delegate
