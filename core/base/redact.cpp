#include "core/base/redact.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_set>

#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kMask = "[redacted]";
constexpr std::size_t kShortestValue = 8;      // shorter values would mask ordinary words
constexpr std::size_t kLongestFragment = 12;   // this many equal characters are no coincidence
constexpr std::size_t kLongestLineBreak = 64;  // blanks at a break, with the indentation of the next line

constexpr std::size_t kShortestKey = 3;  // of those that are known to be a key
constexpr int kMostPasses = 4;

// What servers without keys are given, because a client insists on one.
constexpr std::array<std::string_view, 16> kPlaceholders{"none",   "null",       "nil", "empty",  "dummy",     "fake",
                                                         "test",   "key",        "no",  "ollama", "lm-studio", "local",
                                                         "no-key", "not-needed", "x",   "sk-"};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/// The value of `digits` hexadecimal digits, or -1 if it is not below 256.
int hex_value(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = hex_digit(text[at + i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value < 256 ? value : -1;
}

/// One character of a text, with any escapes resolved.
struct Written {
  char character = 0;
  std::size_t length = 0;
};

/// `\n`, `\"`, `\u003d`, `\\\"` (escaped twice), `%3D`; else the byte itself.
Written written_at(std::string_view text, std::size_t at) {
  if (text[at] == '%')
    if (const int value = hex_value(text, at + 1, 2); value >= 0) return {static_cast<char>(value), 3};
  if (text[at] != '\\') return {text[at], 1};
  std::size_t behind = at;
  while (behind < text.size() && text[behind] == '\\' && behind - at < 8) ++behind;
  if (behind == text.size()) return {'\\', 1};
  const std::size_t length = behind + 1 - at;
  switch (text[behind]) {
    case 'n': return {'\n', length};
    case 'r': return {'\r', length};
    case 't': return {'\t', length};
    case 'u':
      if (const int value = hex_value(text, behind + 1, 4); value >= 0) return {static_cast<char>(value), length + 4};
      break;
    default: break;
  }
  return {text[behind], length};
}

/// The length of `value` in the text at `from`; 0: it is not there. Escapes and line breaks are ignored.
std::size_t length_at(std::string_view text, std::size_t from, std::string_view value) {
  std::size_t at = from;
  std::size_t blanks = 0;
  for (std::size_t i = 0; i < value.size();) {
    if (at >= text.size()) return 0;
    if (text[at] == '\\' && value[i] == '\\') {  // the number does not matter: each level of escaping doubles them
      at = std::min(text.find_first_not_of('\\', at), text.size());
      i = std::min(value.find_first_not_of('\\', i), value.size());
      continue;
    }
    if (text[at] == value[i]) {
      ++at, ++i, blanks = 0;
      continue;
    }
    if (is_blank(value[i])) {  // the line break may be elsewhere, or gone
      ++i;
      continue;
    }
    const Written written = written_at(text, at);
    at += written.length;
    if (written.character == value[i]) ++i, blanks = 0;
    else if (i == 0 || !is_blank(written.character) || ++blanks > kLongestLineBreak) return 0;
  }
  return at - from;
}

/// A cut or a line break leaves the beginning or the end of a value; a shorter piece is enough there if it cannot be a
/// word.
void mark_cut(std::string_view text, std::string_view value, SecretMarks& marks) {
  const std::string_view head = value.substr(0, kShortestValue);
  for (std::size_t at = has_digit(head) ? text.find(head) : npos; at != npos; at = text.find(head, at + 1)) {
    std::size_t length = head.size();
    while (length < value.size() && at + length < text.size() && text[at + length] == value[length]) ++length;
    marks.add(at, length);
  }
  const std::string_view tail = value.substr(value.size() - kShortestValue);
  for (std::size_t at = has_digit(tail) ? text.find(tail) : npos; at != npos; at = text.find(tail, at + 1)) {
    std::size_t more = 0;
    while (more < value.size() - tail.size() && more < at &&
           text[at - more - 1] == value[value.size() - tail.size() - more - 1])
      ++more;
    marks.add(at - more, more + tail.size());
  }
}

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// `word` is at this position, and not part of a longer one.
bool is_word_at(std::string_view text, std::size_t at, std::string_view word) {
  if (text.substr(at, word.size()) != word) return false;
  const std::size_t end = at + word.size();
  return (at == 0 || !is_alphanumeric(text[at - 1])) && (end == text.size() || !is_alphanumeric(text[end]));
}

/// The password of `scheme://user:password@host`; empty if there is none.
std::string_view password_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == npos) return {};
  const std::size_t host = url.substr(0, url.find('/', scheme + 3)).rfind('@');
  const std::size_t colon = url.find(':', scheme + 3);
  return host != npos && colon < host ? url.substr(colon + 1, host - colon - 1) : std::string_view();
}

}  // namespace

/// The values, and what they are searched with.
struct Redactor::Known {
  using Indexes = std::vector<std::size_t>;

  void add(std::string_view value) {
    value = trim(value);
    if (value.size() >= kShortestValue && !is_secret_path(value)) values.emplace_back(value);
  }
  void add_key(std::string_view value) {
    value = trim(value);
    const bool is_placeholder =
        std::find(kPlaceholders.begin(), kPlaceholders.end(), lower(value)) != kPlaceholders.end();
    if (value.size() < kShortestValue && value.size() >= kShortestKey && !is_placeholder) words.emplace_back(value);
    else add(value);
  }

  void prepare() {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string_view value = values[i];
      by_first[static_cast<unsigned char>(value.front())].push_back(i);
      const std::size_t length = std::clamp(value.size() / 2, kShortestValue, kLongestFragment);
      for (std::size_t at = 0; at + length <= value.size(); ++at) fragments[length].emplace(value.substr(at, length));
    }
  }

  void mark_value(std::string_view text, std::size_t at, std::string_view value, SecretMarks& marks) const {
    // In a run of backslashes all beginnings are equal.
    if (at > 0 && text[at] == '\\' && text[at - 1] == '\\' && value.front() == '\\') return;
    marks.add(at, length_at(text, at, value));
  }
  void mark_values(std::string_view text, SecretMarks& marks) const {
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\\' || text[at] == '%')
        for (const std::string& value : values) mark_value(text, at, value, marks);
      else
        for (const std::size_t i : by_first[static_cast<unsigned char>(text[at])])
          mark_value(text, at, values[i], marks);
      for (const std::string& word : words)
        if (is_word_at(text, at, word)) marks.add(at, word.size());
    }
  }
  void mark_fragments(std::string_view text, SecretMarks& marks) const {
    std::string piece;
    for (const auto& [length, pieces] : fragments)
      for (std::size_t at = 0; at + length <= text.size(); ++at)
        if (pieces.count(piece.assign(text, at, length)) != 0) marks.add(at, length);
    for (const std::string& value : values) mark_cut(text, value, marks);
  }

  std::vector<std::string> values;
  std::vector<std::string> words;     // short values, which are only searched as words of their own
  std::once_flag prepared;            // guards what follows
  std::array<Indexes, 256> by_first;  // of values, by their first byte
  std::map<std::size_t, std::unordered_set<std::string>> fragments;  // by length
};

Redactor::Redactor(const std::map<std::string, std::string>& environment, const SecretVariables& more)
    : known_(std::make_unique<Known>()) {
  const auto names = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  for (const auto& [name, value] : environment) {
    if (names(more.keys, name)) known_->add_key(value);
    else if (is_secret_name(name) || names(more.values, name)) known_->add(value);
    // A URL may contain a password, whatever the name of the variable.
    known_->add(password_of(value));
  }
}
Redactor::Redactor(Redactor&&) noexcept = default;
Redactor& Redactor::operator=(Redactor&&) noexcept = default;
Redactor::~Redactor() = default;

std::string Redactor::pass(std::string_view text) const {
  SecretMarks marks(text.size());
  known_->mark_values(text, marks);
  known_->mark_fragments(text, marks);
  mark_secret_shapes(text, marks);
  return marks.masked(text, kMask);
}

std::string Redactor::operator()(std::string text) const {
  if (text.empty()) return text;
  std::call_once(known_->prepared, [this] { known_->prepare(); });
  // Masks are left alone, so that masking twice changes nothing. A mask may split a text in a way that reveals another
  // secret, so the search is repeated. Of a text that was made to reveal one after the other nothing is kept.
  for (int i = 0; i < kMostPasses; ++i) {
    std::string out;
    std::string_view rest = text;
    for (std::size_t mask; (mask = rest.find(kMask)) != npos; rest.remove_prefix(mask + kMask.size()))
      out.append(pass(rest.substr(0, mask))).append(kMask);
    out += pass(rest);
    if (out == text) return out;
    text = std::move(out);
  }
  return std::string(kMask);
}

bool Redactor::finds_secret(const std::string& text) const { return (*this)(text) != text; }

}  // namespace delegate
