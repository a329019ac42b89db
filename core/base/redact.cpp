#include "core/base/redact.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/base/secret_shapes.hpp"
#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kMask = "[redacted]";
constexpr std::size_t kShortestValue = 8;      // shorter values would mask ordinary words
constexpr std::size_t kLongestFragment = 12;   // this many equal characters are no coincidence
constexpr std::size_t kLongestLineBreak = 64;  // blanks at a break, with the indentation of the next line

constexpr std::array<std::string_view, 4> kAnywhere{"SECRET", "PASSWORD", "PASSWD", "PASSPHRASE"};
constexpr std::array<std::string_view, 7> kEndings{"_KEY",        "APIKEY",       "TOKEN", "_PAT",
                                                   "_CREDENTIAL", "_CREDENTIALS", "_AUTH"};
// A variable may name the file that holds the secret; a path is not a secret.
constexpr std::array<std::string_view, 14> kRoots{"/home/", "/etc/", "/usr/", "/root/", "/var/",  "/tmp/",   "/run/",
                                                  "/opt/",  "/mnt/", "/srv/", "/dev/",  "/proc/", "/Users/", "~/"};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_path(std::string_view value) {
  return std::any_of(kRoots.begin(), kRoots.end(), [&](std::string_view root) { return value.starts_with(root); });
}

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
    mark(marks, at, length);
  }
  const std::string_view tail = value.substr(value.size() - kShortestValue);
  for (std::size_t at = has_digit(tail) ? text.find(tail) : npos; at != npos; at = text.find(tail, at + 1)) {
    std::size_t more = 0;
    while (more < value.size() - tail.size() && more < at &&
           text[at - more - 1] == value[value.size() - tail.size() - more - 1])
      ++more;
    mark(marks, at - more, more + tail.size());
  }
}

std::string masked(std::string_view text, const SecretMarks& marks) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (marks[at] == 0) out += text[at];
    else if (at == 0 || marks[at - 1] == 0) out += kMask;
  }
  return out;
}

}  // namespace

bool is_secret_name(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const std::string_view whole = upper;
  if (whole.ends_with("_FILE") || whole.ends_with("_PATH")) return false;
  return std::any_of(kAnywhere.begin(), kAnywhere.end(), [&](auto part) { return whole.find(part) != npos; }) ||
         std::any_of(kEndings.begin(), kEndings.end(), [&](auto ending) { return whole.ends_with(ending); });
}

Redactor::Redactor(const std::map<std::string, std::string>& environment, const std::vector<std::string>& more_names) {
  for (const auto& [name, value] : environment) {
    const bool named = std::find(more_names.begin(), more_names.end(), name) != more_names.end();
    if (named || is_secret_name(name)) add(value);
    // A URL may contain a password, whatever the name of the variable.
    const std::size_t scheme = value.find("://");
    const std::size_t host = scheme == npos ? npos : value.substr(0, value.find('/', scheme + 3)).rfind('@');
    const std::size_t colon = value.find(':', scheme == npos ? npos : scheme + 3);
    if (host != npos && colon < host) add(std::string_view(value).substr(colon + 1, host - colon - 1));
  }
}

void Redactor::add(std::string_view value) {
  value = trim(value);
  if (value.size() < kShortestValue || is_path(value)) return;
  values_.emplace_back(value);
  const std::size_t length = std::clamp(value.size() / 2, kShortestValue, kLongestFragment);
  for (std::size_t at = 0; at + length <= value.size(); ++at) fragments_[length].emplace(value.substr(at, length));
}

void Redactor::mark_values(std::string_view text, std::string& marks) const {
  for (const std::string& value : values_)
    for (std::size_t at = 0; at < text.size(); ++at) {
      const bool may_begin = text[at] == value.front() || text[at] == '\\' || text[at] == '%';
      if (may_begin) mark(marks, at, length_at(text, at, value));
    }
}

void Redactor::mark_fragments(std::string_view text, std::string& marks) const {
  std::string piece;
  for (const auto& [length, pieces] : fragments_)
    for (std::size_t at = 0; at + length <= text.size(); ++at)
      if (pieces.count(piece.assign(text, at, length)) != 0) mark(marks, at, length);
  for (const std::string& value : values_) mark_cut(text, value, marks);
}

std::string Redactor::pass(std::string_view text) const {
  SecretMarks marks(text.size(), '\0');
  mark_values(text, marks);
  mark_fragments(text, marks);
  mark_secret_shapes(text, marks);
  return masked(text, marks);
}

std::string Redactor::operator()(std::string text) const {
  // Masks are left alone, so that masking twice changes nothing. A mask may split a text in a way that reveals another
  // secret, so the search is repeated until it finds nothing.
  for (;;) {
    std::string out;
    std::string_view rest = text;
    for (std::size_t mask; (mask = rest.find(kMask)) != npos; rest.remove_prefix(mask + kMask.size()))
      out.append(pass(rest.substr(0, mask))).append(kMask);
    out += pass(rest);
    if (out == text) return out;
    text = std::move(out);
  }
}

bool Redactor::finds_secret(const std::string& text) const { return (*this)(text) != text; }

}  // namespace delegate
