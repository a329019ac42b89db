#include "core/base/secret_shapes.hpp"

#include <algorithm>
#include <array>

namespace delegate {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }
bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_upper_or_digit(char c) { return is_upper(c) || is_digit(c); }
bool is_word(char c) { return is_alnum(c) || c == '-' || c == '_'; }
bool is_dotted(char c) { return is_word(c) || c == '.'; }
/// The characters of base64 and its variants.
bool is_token(char c) { return is_dotted(c) || c == '+' || c == '/' || c == '=' || c == '~'; }
/// The characters of a password without quotes: no blank, and none that ends a value in a query, a list or prose.
bool is_value(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != 0x7F &&
         std::string_view("\"'`\\,;&<>(){}[]").find(c) == std::string_view::npos;
}

std::size_t length_while(std::string_view text, std::size_t from, bool (*is)(char)) {
  std::size_t end = from;
  while (end < text.size() && is(text[end])) ++end;
  return end - from;
}

bool matches_at(std::string_view text, std::size_t at, std::string_view word) {
  if (text.size() - at < word.size()) return false;
  return std::equal(word.begin(), word.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char a, char b) { return a == lower(b); });
}

/// A vendor's key: its prefix, the characters that follow, and their minimal number. Real keys contain a digit.
struct Shape {
  std::string_view prefix;
  bool (*follows)(char);
  std::size_t shortest;
};
constexpr Shape kShapes[] = {{"sk-", is_word, 12},
                             {"sk_live_", is_alnum, 12},
                             {"sk_test_", is_alnum, 12},
                             {"rk_live_", is_alnum, 12},
                             {"AIza", is_word, 20},
                             {"AKIA", is_upper_or_digit, 12},
                             {"ASIA", is_upper_or_digit, 12},
                             {"ghp_", is_alnum, 16},
                             {"gho_", is_alnum, 16},
                             {"ghu_", is_alnum, 16},
                             {"ghs_", is_alnum, 16},
                             {"ghr_", is_alnum, 16},
                             {"github_pat_", is_word, 20},
                             {"glpat-", is_word, 12},
                             {"npm_", is_alnum, 30},
                             {"hf_", is_alnum, 20},
                             {"gsk_", is_alnum, 20},
                             {"xai-", is_alnum, 20},
                             {"ya29.", is_word, 16},
                             {"xoxb-", is_word, 10},
                             {"xoxp-", is_word, 10},
                             {"xoxa-", is_word, 10},
                             {"xoxr-", is_word, 10},
                             {"xoxs-", is_word, 10},
                             {"xoxe-", is_word, 10},
                             {"xapp-", is_word, 10},
                             {"pypi-", is_word, 20},
                             {"r8_", is_alnum, 20},
                             {"pplx-", is_alnum, 20},
                             {"SG.", is_dotted, 30},
                             {"dop_v1_", is_alnum, 20}};

/// The length of the key at this position; 0: none.
std::size_t vendor_key(std::string_view text, std::size_t at) {
  for (const Shape& shape : kShapes) {
    if (text.substr(at, shape.prefix.size()) != shape.prefix) continue;
    const std::size_t tail = length_while(text, at + shape.prefix.size(), shape.follows);
    if (tail >= shape.shortest && has_digit(text.substr(at + shape.prefix.size(), tail)))
      return shape.prefix.size() + tail;
  }
  return 0;
}

/// `eyJ….….…`: header, payload and signature.
std::size_t web_token(std::string_view text, std::size_t at) {
  if (text.substr(at, 3) != "eyJ") return 0;
  std::size_t end = at + length_while(text, at, is_word);
  for (int part = 0; part < 2; ++part) {
    const bool has_next = end + 1 < text.size() && text[end] == '.' && is_word(text[end + 1]);
    if (!has_next && part == 0) return 0;  // without a payload it could be anything
    if (has_next) end += 1 + length_while(text, end + 1, is_word);
  }
  return end - at >= 20 ? end - at : 0;
}

/// `Bearer TOKEN` and `Basic TOKEN` within prose; a token of letters only is prose, too.
std::size_t credentials(std::string_view text, std::size_t at) {
  for (const std::string_view scheme : {std::string_view("bearer "), std::string_view("basic ")}) {
    if (!matches_at(text, at, scheme)) continue;
    const std::size_t from = at + scheme.size();
    const std::size_t length = length_while(text, from, is_token);
    const std::string_view token = text.substr(from, length);
    const bool is_prose =
        std::all_of(token.begin(), token.end(), [](char c) { return is_letter(c) || c == '.' || c == '-'; });
    if (length >= 8 && !is_prose) return scheme.size() + length;
  }
  return 0;
}

/// From the first dash of a private key's header to the last one of its footer. A key that was cut off ends at a quote
/// or with the text.
std::size_t private_key(std::string_view text, std::size_t at) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kKey = "PRIVATE KEY";
  constexpr std::string_view kDashes = "-----";
  constexpr std::size_t kLongestLabel = 40;
  if (text.substr(at, kBegin.size()) != kBegin) return 0;
  const std::string_view label = text.substr(at + kBegin.size(), kLongestLabel);
  if (label.substr(0, label.find(kDashes)).find(kKey) == std::string_view::npos) return 0;
  const std::size_t end = text.find("-----END ", at);
  const std::size_t quote = std::min(text.find_first_of("\"'`", at), text.size());
  if (end == std::string_view::npos || end > quote) return quote - at;
  const std::size_t last = text.find(kDashes, end + kDashes.size());
  return last == std::string_view::npos ? quote - at : last + kDashes.size() - at;
}

/// `://user:password@`: the part between. A user name alone is not a secret, a token alone is.
void mark_url_credentials(std::string_view text, std::size_t at, SecretMarks& marks) {
  if (text.substr(at, 3) != "://") return;
  const std::size_t from = at + 3;
  const std::size_t end = std::min(text.find_first_of("/?# \t\r\n\"'`<>\\", from), text.size());
  const std::string_view authority = text.substr(from, end - from);
  const std::size_t host = authority.rfind('@');
  if (host == std::string_view::npos || host == 0) return;
  const std::string_view user = authority.substr(0, host);
  if (user.find(':') != std::string_view::npos || (user.size() >= 16 && has_digit(user)))
    mark(marks, from, user.size());
}

/// `Cookie: a=1; b=2`, as a header or as a field of JSON: the value, to the end of the line or its closing quote.
void mark_cookies(std::string_view text, std::size_t at, SecretMarks& marks) {
  constexpr std::string_view kName = "cookie";
  constexpr std::string_view kAround = "\"'\\ \t";
  if (!matches_at(text, at, kName)) return;
  const std::size_t colon = std::min(text.find_first_not_of(kAround, at + kName.size()), text.size());
  if (colon == text.size() || text[colon] != ':') return;
  const std::size_t from = std::min(text.find_first_not_of(kAround, colon + 1), text.size());
  const std::size_t end = std::min(text.find_first_of("\"'\\\r\n", from), text.size());
  if (text.substr(from, end - from).find('=') != std::string_view::npos) mark(marks, from, end - from);
}

// Names whose values are secret, in lower case; `_` stands for `_`, `-` and nothing.
constexpr std::array<std::string_view, 16> kNames{"api_key",      "access_key",    "secret_key",    "private_key",
                                                  "access_token", "auth_token",    "refresh_token", "id_token",
                                                  "password",     "session_token", "client_secret", "passwd",
                                                  "passphrase",   "secret",        "authorization", "token"};

/// True if this name is in `text` directly before `end`.
bool ends_with_name(std::string_view text, std::size_t end, std::string_view name) {
  std::size_t at = end;
  for (std::size_t i = name.size(); i-- > 0;) {
    if (name[i] == '_') {
      if (at > 0 && (text[at - 1] == '_' || text[at - 1] == '-')) --at;
      continue;
    }
    if (at == 0 || lower(text[at - 1]) != name[i]) return false;
    --at;
  }
  return true;
}

bool is_secret_before(std::string_view text, std::size_t end) {
  if (std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) { return ends_with_name(text, end, name); }))
    return true;
  return end >= 4 && ends_with_name(text, end, "key") && (text[end - 4] == '?' || text[end - 4] == '&');
}

/// Quotes, and backslashes in front of them, as in JSON inside a JSON text.
std::size_t skip_quotes(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == '"' || text[at] == '\'' || text[at] == '\\' || text[at] == '`')) ++at;
  return at;
}
std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}

/// `NAME = VALUE`, `NAME: VALUE`, `"NAME": "VALUE"`, with the separator at this position.
void mark_assignment(std::string_view text, std::size_t at, SecretMarks& marks) {
  if (text[at] != '=' && text[at] != ':') return;
  std::size_t name_end = at;
  while (name_end > 0 && std::string_view("\"'\\` ").find(text[name_end - 1]) != std::string_view::npos) --name_end;
  if (!is_secret_before(text, name_end)) return;
  const std::size_t after = text.substr(at, 2) == "=>" ? at + 2 : at + 1;
  const std::size_t blanks = skip_blanks(text, after);
  const std::size_t quoted = skip_quotes(text, blanks);
  std::size_t from = quoted;
  for (const std::string_view scheme : {"bearer ", "basic ", "token "})
    if (matches_at(text, from, scheme)) from += scheme.size();
  const std::size_t length = length_while(text, from, is_value);
  const std::string_view value = text.substr(from, length);
  if (length < 6 || value.front() == '$' || value.front() == '%') return;
  // "token: expected" is prose, `token="expected"` is not.
  const bool is_prose = blanks > after && quoted == blanks && from == quoted && !has_digit(value);
  if (!is_prose) mark(marks, from, length);
}

/// The letter of an escape, as in `\nsk-…`, is not part of a word; dashes may begin a private key.
bool is_inside_word(std::string_view text, std::size_t at) {
  if (at == 0 || text[at] == '-' || !is_word(text[at - 1])) return false;
  const bool escaped =
      at > 1 && text[at - 2] == '\\' && std::string_view("nrt").find(text[at - 1]) != std::string_view::npos;
  return !escaped;
}

}  // namespace

void mark(SecretMarks& marks, std::size_t from, std::size_t length) {
  std::fill_n(marks.begin() + static_cast<std::ptrdiff_t>(from), length, '\1');
}

bool has_digit(std::string_view text) { return std::any_of(text.begin(), text.end(), is_digit); }

void mark_secret_shapes(std::string_view text, SecretMarks& marks) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    mark_assignment(text, at, marks);
    mark_url_credentials(text, at, marks);
    mark_cookies(text, at, marks);
    if (marks[at] != 0) continue;
    if (is_inside_word(text, at) && marks[at - 1] == 0) continue;
    std::size_t length = vendor_key(text, at);
    if (length == 0) length = web_token(text, at);
    if (length == 0) length = credentials(text, at);
    if (length == 0) length = private_key(text, at);
    mark(marks, at, length);
  }
}

}  // namespace delegate
