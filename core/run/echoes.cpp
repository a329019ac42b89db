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
constexpr std::string_view kMark = "…";  // of a line that was cut; a full stop is shorter
constexpr int kMostEscapes = 2;          // one inside the other

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80; }

/// A text in lower case and with single blanks. `from[i]` is the place in the original at which byte i begins; one more
/// entry stands for its end.
struct Plain {
  std::string text;
  std::vector<std::size_t> from;

  void add(char c, std::size_t at) {
    if (is_blank(c)) {
      if (text.empty() || text.back() == ' ') return;
      c = ' ';
    }
    text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    from.push_back(at);
  }
};

Plain plain_of(std::string_view text) {
  Plain plain;
  for (std::size_t at = 0; at < text.size(); ++at) plain.add(text[at], at);
  plain.from.push_back(text.size());
  return plain;
}

std::optional<unsigned> hex_at(std::string_view text, std::size_t at, std::size_t digits) {
  unsigned value = 0;
  if (text.size() < at + digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + digits, value, 16);
  return error == std::errc{} && end == text.data() + at + digits ? std::optional(value) : std::nullopt;
}

std::optional<unsigned> unit_at(std::string_view text, std::size_t at) {
  return text.substr(at).starts_with("\\u") ? hex_at(text, at + 2, 4) : std::nullopt;
}

void add_character(Plain& plain, char32_t c, std::size_t at) {
  if (c < 0x80) return plain.add(static_cast<char>(c), at);
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr std::array<unsigned, 4> kFirst{0, 0xC0, 0xE0, 0xF0};
  plain.add(static_cast<char>(kFirst[static_cast<std::size_t>(more)] | (c >> (6 * more))), at);
  for (int i = more - 1; i >= 0; --i) plain.add(static_cast<char>(0x80u | ((c >> (6 * i)) & 0x3Fu)), at);
}

/// Adds what begins at `at`, an escape or a byte, and returns its length.
std::size_t add_unescaped(Plain& plain, std::string_view text, std::size_t at, std::size_t origin) {
  if (text[at] == '%')
    if (const auto byte = hex_at(text, at + 1, 2)) return plain.add(static_cast<char>(*byte), origin), 3;
  if (text[at] != '\\') return plain.add(text[at], origin), 1;
  const char next = at + 1 < text.size() ? text[at + 1] : '\0';
  if (next == 'n' || next == 't' || next == 'r') return plain.add(' ', origin), 2;
  if (next == '"' || next == '\'' || next == '\\' || next == '/') return plain.add(next, origin), 2;
  const auto unit = unit_at(text, at);
  if (!unit) return plain.add('\\', origin), 1;
  const bool is_high = *unit >= 0xD800 && *unit < 0xDC00;
  const auto low = is_high ? unit_at(text, at + 6) : std::nullopt;
  if (!low) return add_character(plain, *unit, origin), 6;
  add_character(plain, 0x10000u + ((*unit - 0xD800u) << 10) + (*low - 0xDC00u), origin);
  return 12;
}

bool has_escapes(std::string_view text) { return text.find_first_of("\\%") != std::string_view::npos; }

Plain unescaped(const Plain& escaped) {
  Plain plain;
  for (std::size_t at = 0; at < escaped.text.size();) at += add_unescaped(plain, escaped.text, at, escaped.from[at]);
  plain.from.push_back(escaped.from.back());
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

std::size_t hash_of(std::string_view words) { return std::hash<std::string_view>()(words); }

/// Whatever quotes or names an input puts a mark before it.
bool is_among_words(std::string_view plain, std::size_t at) {
  return at >= 2 && plain[at - 1] == ' ' && is_word_byte(plain[at - 2]);
}

/// "Error: " and the like are in front of any message.
std::size_t length_of_prefix(std::string_view line) {
  constexpr std::array<std::string_view, 3> kPrefixes{"[", "error: ", "api error: "};
  std::size_t at = 0;
  for (const std::string_view prefix : kPrefixes)
    if (line.substr(at).starts_with(prefix)) at += prefix.size();
  return at;
}

/// A part of a line: not in the middle of a character, and without blanks and colons around it.
struct Piece {
  std::size_t begin;
  std::size_t end;
};
Piece fitted(std::string_view line, Piece piece) {
  while (piece.begin > 0 && continues_character(line[piece.begin])) --piece.begin;
  while (piece.end < line.size() && continues_character(line[piece.end])) ++piece.end;
  constexpr std::string_view kAround = " :,;";
  while (piece.begin < piece.end && kAround.find(line[piece.begin]) != std::string_view::npos) ++piece.begin;
  while (piece.end > piece.begin && kAround.find(line[piece.end - 1]) != std::string_view::npos) --piece.end;
  return piece;
}

}  // namespace

void Echoes::index_as(std::string_view plain) {
  for_each_run(plain, [&](std::size_t, std::uint64_t hash) { runs_.push_back(hash); });
}

void Echoes::index() {
  if (std::exchange(is_indexed_, true)) return;
  const std::string known = inspected_part(text_, kKnown);
  const Plain plain = plain_of(known);
  index_as(plain.text);
  if (has_escapes(known)) index_as(unescaped(plain).text);  // which the text itself may hold
  std::sort(runs_.begin(), runs_.end());
  for (const std::string_view line : split(known, '\n')) {
    const std::string words(trim(plain_of(line).text));
    wholes_.insert(hash_of(words));
    starts_.insert(hash_of(std::string_view(words).substr(0, kRun)));
    if (words.size() < kShortestLine || words.size() >= kRun) continue;
    lines_.insert(words);
    lengths_of_lines_ |= 1u << words.size();
  }
}

/// Sets the flags of the bytes that are repetitions.
void Echoes::flag(std::string_view plain, Kept kept, std::vector<bool>& flags) const {
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
      if (kept == Kept::quoted_error && is_among_words(plain, start)) continue;
      if (begins && ends && lines_.contains(std::string(plain.substr(start, length))))
        for (std::size_t i = start; i < end; ++i) flags[i] = true;
    }
  }
}

/// Is a message that begins with this, as plain text, one that the text itself quotes?
bool Echoes::is_quoted(std::string_view piece, bool is_all) const {
  const bool is_a_line = wholes_.contains(hash_of(piece));
  const bool begins_a_line = is_a_line || starts_.contains(hash_of(piece.substr(0, kRun)));
  return is_all ? is_a_line || !begins_a_line : !begins_a_line;
}

std::string Echoes::masked_line(std::string_view line, Kept kept, bool is_all) const {
  std::vector<bool> repeated(line.size());
  Plain plain = plain_of(line);
  for (int escapes = 0;; ++escapes) {
    std::vector<bool> flags(plain.text.size());
    flag(plain.text, kept, flags);
    for (std::size_t i = 0; i < flags.size(); ++i)
      for (std::size_t at = plain.from[i]; flags[i] && at < plain.from[i + 1]; ++at) repeated[at] = true;
    if (escapes == kMostEscapes || !has_escapes(plain.text)) break;
    plain = unescaped(plain);
  }
  const auto next = [&](std::size_t from, bool flag) {
    const auto begin = repeated.begin() + static_cast<std::ptrdiff_t>(from);
    return static_cast<std::size_t>(std::find(begin, repeated.end(), flag) - repeated.begin());
  };
  const std::size_t prefix = length_of_prefix(lower(line));
  const std::size_t words = trim(line).size();
  std::string out;
  std::size_t copied = 0;
  for (Piece piece{next(0, true), 0}; piece.begin < line.size(); piece.begin = next(piece.end, true)) {
    piece.end = next(piece.begin, false);
    const Piece shown = fitted(line, piece);
    const std::string said(trim(plain_of(line.substr(shown.begin, shown.end - shown.begin)).text));
    const bool is_first = shown.begin <= prefix;
    const bool is_whole = is_first && shown.end + kMark.size() >= words;
    const bool stays = kept == Kept::quoted_error ? is_first && is_quoted(said, is_all && shown.begin == 0 && is_whole)
                                                  : kept == Kept::whole_line && is_whole;
    if (stays || shown.begin >= shown.end) continue;
    out += line.substr(copied, shown.begin - copied);
    out += kEchoMask;
    copied = shown.end;
  }
  return out + std::string(line.substr(copied));
}

std::string Echoes::masked(std::string_view lines, Kept kept) {
  index();
  if (runs_.empty() && lines_.empty()) return std::string(lines);
  const bool is_one_line = trim(lines).find('\n') == std::string_view::npos;
  std::string out;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    out += masked_line(lines.substr(at, end - at), kept, is_one_line);
    if (end < lines.size()) out += '\n';
    at = end + 1;
  }
  return out;
}

}  // namespace delegate
