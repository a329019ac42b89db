#include "core/base/secret_shapes.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/byte_runs.hpp"
#include "core/base/secret_table.hpp"

namespace delegate {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_upper(c) || is_lower(c); }
bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_upper_or_digit(char c) { return is_upper(c) || is_digit(c); }
bool is_word(char c) { return is_alnum(c) || c == '-' || c == '_'; }
bool is_dotted(char c) { return is_word(c) || c == '.'; }
bool is_base64(char c) { return is_word(c) || c == '+' || c == '/' || c == '='; }
bool is_path(char c) { return is_word(c) || c == '/' || c == '%' || c == '@'; }
/// The characters of base64 and its variants, and those of tokens in general.
bool is_token(char c) { return is_base64(c) || c == '.' || c == '~'; }
/// Where a token of nothing else is a word.
bool is_prose(char c) { return is_letter(c) || c == '.' || c == '-'; }
/// The characters of a password without quotes: no blank, and none that ends a value in a query, a list or prose.
bool is_value(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != 0x7F &&
         std::string_view("\"'`\\,;&<>(){}[]").find(c) == std::string_view::npos;
}
/// What a value between quotes is made of.
bool is_quotable(char c) { return std::string_view("\"'`\\\r\n").find(c) == std::string_view::npos; }

constexpr std::array<ByteRuns::Kind, 7> kKinds{is_alnum,  is_upper_or_digit, is_hex, is_word,
                                               is_dotted, is_base64,         is_path};  // in the order of Tail

bool matches_at(std::string_view text, std::size_t at, std::string_view word) {
  if (text.size() - at < word.size()) return false;
  return std::equal(word.begin(), word.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char a, char b) { return a == lower(b); });
}

/// The shapes by the first byte of their prefix; made when text is first cleaned.
const std::vector<const SecretShape*>& shapes_with(char first) {
  static const auto all = [] {
    std::array<std::vector<const SecretShape*>, 256> by_first;
    for (const SecretShape& shape : secret_shapes())
      by_first[static_cast<unsigned char>(shape.prefix.front())].push_back(&shape);
    return by_first;
  }();
  return all[static_cast<unsigned char>(first)];
}

// Names whose values are secret, in lower case; `_` stands for `_`, `-`, a blank and nothing.
constexpr std::string_view kNames[] = {
    "api_key",        "access_key",  "secret_key",    "private_key",   "account_key",  "subscription_key",
    "encryption_key", "signing_key", "master_key",    "license_key",   "access_token", "auth_token",
    "refresh_token",  "id_token",    "session_token", "client_secret", "password",     "passwd",
    "passphrase",     "secret",      "authorization", "token"};
// The same for parameters of URLs, if one of these characters is in front.
struct Parameter {
  std::string_view name;
  std::string_view before;
};
constexpr Parameter kParameters[] = {{"key", "?&"}, {"sig", "?&;"}, {"signature", "?&;-, "}};

/// True if this name is in `text` directly before `end`; `begin` is set to where it begins.
bool ends_with_name(std::string_view text, std::size_t end, std::string_view name, std::size_t* begin = nullptr) {
  std::size_t at = end;
  for (std::size_t i = name.size(); i-- > 0;) {
    if (name[i] == '_') {
      if (at > 0 && (text[at - 1] == '_' || text[at - 1] == '-' || text[at - 1] == ' ')) --at;
      continue;
    }
    if (at == 0 || lower(text[at - 1]) != name[i]) return false;
    --at;
  }
  if (begin != nullptr) *begin = at;
  return true;
}

/// `OPENAI_KEY`, `DEPLOY_PAT`: the name of a variable of the environment, directly before `end`.
bool is_variable_before(std::string_view text, std::size_t end) {
  constexpr std::size_t kLongestName = 64;
  std::size_t begin = end;
  while (begin > 0 && end - begin < kLongestName && (is_upper_or_digit(text[begin - 1]) || text[begin - 1] == '_'))
    --begin;
  return begin < end && is_secret_name(text.substr(begin, end - begin));
}

/// What a name says about its value. One that is likely to be secret has a digit: `PRIMARY_KEY=customer_id` is not.
/// Only a phrase may be several words without one: `"token": "invalid token, log in again"` is prose.
enum class Named { plain, likely_secret, secret, phrase };

/// The name that ends at `end`, which is inside the text.
Named name_before(std::string_view text, std::size_t end) {
  if (end == 0) return Named::plain;
  for (const std::string_view name : kNames)
    if (ends_with_name(text, end, name)) return name.starts_with("pass") ? Named::phrase : Named::secret;
  std::size_t begin = 0;
  for (const Parameter& parameter : kParameters)
    if (text[end] == '=' && ends_with_name(text, end, parameter.name, &begin) && begin > 0 &&
        parameter.before.find(text[begin - 1]) != std::string_view::npos)
      return Named::likely_secret;
  return is_variable_before(text, end) ? Named::likely_secret : Named::plain;
}

bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }

/// Quotes, and backslashes in front of them, as in JSON inside a JSON text.
std::size_t skip_quotes(std::string_view text, std::size_t at) {
  while (at < text.size() && (is_quote(text[at]) || text[at] == '\\')) ++at;
  return at;
}
std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}

/// The end of an escape is not part of a word: `\n`, `%22`, `\u0022`, and a terminal's colour, `[31m`.
bool is_escape_before(std::string_view text, std::size_t at) {
  constexpr std::size_t kLongestColor = 12;
  if (at > 1 && text[at - 2] == '\\' && std::string_view("nrt").find(text[at - 1]) != std::string_view::npos)
    return true;
  if (at > 2 && text[at - 3] == '%' && is_hex(text[at - 2]) && is_hex(text[at - 1])) return true;
  if (at > 5 && text[at - 6] == '\\' && text[at - 5] == 'u')
    return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at - 4),
                       text.begin() + static_cast<std::ptrdiff_t>(at), is_hex);
  if (text[at - 1] != 'm') return false;
  std::size_t begin = at - 1;
  while (begin > 0 && at - begin < kLongestColor && (is_digit(text[begin - 1]) || text[begin - 1] == ';')) --begin;
  return begin > 0 && text[begin - 1] == '[';
}

/// Dashes may begin a private key anywhere.
bool is_inside_word(std::string_view text, std::size_t at) {
  return at > 0 && text[at] != '-' && is_word(text[at - 1]) && !is_escape_before(text, at);
}

/// One pass over a text. Each position is looked at once, and whatever reaches ahead asks `ByteRuns`.
class Scan {
 public:
  Scan(std::string_view text, SecretMarks& marks) : text_(text), marks_(marks) {
    for (const ByteRuns::Kind kind : kKinds) tails_.emplace_back(text, kind);
  }

  void run() {
    for (std::size_t at = 0; at < text_.size(); ++at) {
      const char c = text_[at];
      if (c == '=' || c == ':') mark_assignment(at);
      if (c == ':') mark_url_credentials(at), mark_telegram(at);
      if (lower(c) == 'c') mark_cookies(at);
      if (marks_.at(at) || (is_inside_word(text_, at) && !marks_.at(at - 1))) continue;
      marks_.add(at, key_at(at));
    }
  }

 private:
  bool has(ByteRuns& others, std::size_t from, std::size_t end) { return others.end(from) < end; }
  bool is_proven(Proof proof, std::size_t from, std::size_t end) {
    const bool digit = has(not_digits_, from, end);
    if (proof == Proof::digit || (proof == Proof::varied && digit)) return digit;
    const bool both = has(not_upper_, from, end) && has(not_lower_, from, end);
    return both && (digit || proof == Proof::varied);
  }

  /// The length of the key at this position; 0: none.
  std::size_t key_at(std::size_t at) {
    std::size_t length = vendor_key(at);
    if (length == 0) length = web_token(at);
    if (length == 0) length = credentials(at);
    if (length == 0) length = private_key(at);
    if (length == 0) length = key_without_prefix(at);
    return length;
  }

  /// The dots that end a sentence are not part of a key.
  std::size_t without_dots(std::size_t from, std::size_t end) const {
    constexpr std::size_t kMostDots = 3;
    for (std::size_t dots = 0; dots < kMostDots && end > from && text_[end - 1] == '.'; ++dots) --end;
    return end;
  }

  std::size_t vendor_key(std::size_t at) {
    std::size_t longest = 0;
    for (const SecretShape* shape : shapes_with(text_[at])) {
      if (text_.substr(at, shape->prefix.size()) != shape->prefix) continue;
      const std::size_t from = at + shape->prefix.size();
      const std::size_t end = without_dots(from, tails_[static_cast<std::size_t>(shape->tail)].end(from));
      if (end - from >= shape->shortest && is_proven(shape->proof, from, end)) longest = std::max(longest, end - at);
    }
    return longest;
  }

  /// `eyJ….….…`: header, payload and signature; five parts if it is encrypted.
  std::size_t web_token(std::size_t at) {
    constexpr int kMostParts = 5;
    if (text_.substr(at, 3) != "eyJ") return 0;
    std::size_t end = parts_.end(at);
    for (int part = 1; part < kMostParts; ++part) {
      const bool has_next = end + 1 < text_.size() && text_[end] == '.' && is_word(text_[end + 1]);
      if (!has_next && part == 1) return 0;  // without a payload it could be anything
      if (!has_next) break;
      end = parts_.end(end + 1);
    }
    return end - at >= 20 ? end - at : 0;
  }

  /// `Bearer TOKEN` and `Basic TOKEN` within prose; a token of letters only is prose, too.
  std::size_t credentials(std::size_t at) {
    if (lower(text_[at]) != 'b') return 0;
    for (const std::string_view scheme : {std::string_view("bearer "), std::string_view("basic ")}) {
      if (!matches_at(text_, at, scheme)) continue;
      const std::size_t from = at + scheme.size();
      const std::size_t end = tokens_.end(from);
      if (end - from >= 8 && has(prose_, from, end)) return end - at;
    }
    return 0;
  }

  /// From the first dash of a private key's header to the last one of its footer. A key that was cut off ends at a
  /// quote or with the text.
  std::size_t private_key(std::size_t at) {
    constexpr std::string_view kBegin = "-----BEGIN ";
    constexpr std::string_view kKey = "PRIVATE KEY";
    constexpr std::string_view kDashes = "-----";
    constexpr std::size_t kLongestLabel = 40;
    if (text_.substr(at, kBegin.size()) != kBegin) return 0;
    const std::string_view label = text_.substr(at + kBegin.size(), kLongestLabel);
    if (label.substr(0, label.find(kDashes)).find(kKey) == std::string_view::npos) return 0;
    const std::string_view key = text_.substr(at, not_quotes_.end(at) - at);
    const std::size_t footer = key.find("-----END ");
    const std::size_t last =
        footer == std::string_view::npos ? std::string_view::npos : key.find(kDashes, footer + kDashes.size());
    return last == std::string_view::npos ? key.size() : last + kDashes.size();
  }

  /// Keys that are recognised by their whole form: tokens of Discord's bots
  /// (https://discord.com/developers/docs/reference), secrets of Azure's applications and tokens of Airtable
  /// (Gitleaks).
  std::size_t key_without_prefix(std::size_t at) {
    const char c = text_[at];
    if (c == 'M' || c == 'N' || c == 'O') return parts_of({23, 6, 27}, {28, 7, 45}, at);
    if (text_.substr(at, 3) == "pat") return parts_of({17, 60}, {17, 64}, at);
    const bool is_azure = text_.size() - at > 6 && text_.substr(at + 4, 2) == "Q~" && is_digit(text_[at + 3]);
    const std::size_t end = is_azure ? without_dots(at, azure_.end(at)) : at;
    return end - at >= 36 && end - at <= 42 ? end - at : 0;
  }

  /// Words joined by dots, of these lengths.
  std::size_t parts_of(std::initializer_list<std::size_t> shortest, std::initializer_list<std::size_t> longest,
                       std::size_t at) {
    std::size_t from = at;
    std::size_t end = at;
    for (std::size_t part = 0; part < shortest.size(); ++part) {
      if (part > 0 && (end >= text_.size() || text_[end] != '.')) return 0;
      if (part > 0) from = end + 1;
      end = parts_.end(from);
      if (end - from < shortest.begin()[part] || end - from > longest.begin()[part]) return 0;
    }
    return has(not_digits_, at, end) ? end - at : 0;
  }

  /// `123456:AA…`: the part behind the number (https://core.telegram.org/bots/api).
  void mark_telegram(std::size_t at) {
    if (at == 0 || !is_digit(text_[at - 1]) || text_.substr(at + 1, 2) != "AA") return;
    const std::size_t end = parts_.end(at + 1);
    if (end - at > 33) marks_.add(at + 1, end - at - 1);
  }

  /// `://user:password@`: the part between. A user name alone is not a secret, a token alone is.
  void mark_url_credentials(std::size_t at) {
    if (text_.substr(at, 3) != "://") return;
    const std::size_t from = at + 3;
    const std::size_t end = std::min(text_.find_first_of("/?# \t\r\n\"'`<>\\", from), text_.size());
    const std::string_view authority = text_.substr(from, end - from);
    const std::size_t host = authority.rfind('@');
    if (host == std::string_view::npos || host == 0) return;
    const std::string_view user = authority.substr(0, host);
    if (user.find(':') != std::string_view::npos || (user.size() >= 16 && has_digit(user)))
      marks_.add(from, user.size());
  }

  /// `Cookie: a=1; b="2"`, as a header or as a field of JSON: the value, to the end of the line or its closing quote.
  void mark_cookies(std::size_t at) {
    constexpr std::string_view kName = "cookie";
    constexpr std::string_view kAround = "\"'\\ \t";
    if (marks_.at(at) || !matches_at(text_, at, kName)) return;
    const std::size_t colon = std::min(text_.find_first_not_of(kAround, at + kName.size()), text_.size());
    if (colon == text_.size() || text_[colon] != ':') return;
    const std::size_t from = std::min(text_.find_first_not_of(kAround, colon + 1), text_.size());
    std::size_t end = cookies_.end(from);
    if (!has(not_equals_, from, end)) return;
    while (end < text_.size() && text_[end] == '"' && text_[end - 1] == '=') {  // a value in quotes of its own
      end = cookies_.end(end + 1);
      if (end < text_.size() && text_[end] == '"') end = cookies_.end(end + 1);
    }
    marks_.add(from, end - from);
  }

  /// `NAME = VALUE`, `NAME: VALUE`, `"NAME": "VALUE"`, `NAME := VALUE`, with the separator at this position.
  void mark_assignment(std::size_t at) {
    std::size_t name_end = at > 0 && text_[at] == '=' && text_[at - 1] == ':' ? at - 1 : at;
    while (name_end > 0 && std::string_view("\"'\\` ").find(text_[name_end - 1]) != std::string_view::npos) --name_end;
    const Named named = name_before(text_, name_end);
    if (named == Named::plain) return;
    const std::size_t after = text_.substr(at, 2) == "=>" ? at + 2 : at + 1;
    const std::size_t blanks = skip_blanks(text_, after);
    const std::size_t quoted = skip_quotes(text_, blanks);
    std::size_t from = quoted;
    for (const std::string_view scheme : {"bearer ", "basic ", "token "})
      if (from < text_.size() && matches_at(text_, from, scheme)) from += scheme.size();
    std::size_t end = values_.end(from);
    if (end - from < 6 || text_[from] == '$' || is_reference(from) || is_secret_path(text_.substr(from, 16))) return;
    const bool has_digits = has(not_digits_, from, end);
    if (named == Named::likely_secret && !has_digits) return;
    if (text_.substr(from, std::min<std::size_t>(end - from, 12)).find("://") != std::string_view::npos) return;
    // "token: expected" is prose, `token="expected"` is not.
    const bool is_in_quotes = quoted > blanks && is_quote(text_[quoted - 1]);
    if (blanks > after && quoted == blanks && from == quoted && !has_digits) return;
    const std::size_t close = is_in_quotes ? quotable_.end(from) : end;
    if (is_in_quotes && close > end && is_closed(close, text_[quoted - 1])) {
      if (named != Named::phrase && !has(not_digits_, from, close)) return;
      end = close;
    }
    marks_.add(from, end - from);
  }

  /// `%TOKEN%`; `%3D` is an escape.
  bool is_reference(std::size_t from) const {
    return text_[from] == '%' && (from + 2 >= text_.size() || !is_hex(text_[from + 1]) || !is_hex(text_[from + 2]));
  }

  bool is_closed(std::size_t end, char quote) const {
    for (int level = 0; level < 4 && end < text_.size() && text_[end] == '\\'; ++level) ++end;
    return end < text_.size() && text_[end] == quote;
  }

  std::string_view text_;
  SecretMarks& marks_;
  std::vector<ByteRuns> tails_;
  ByteRuns not_digits_{text_, [](char c) { return !is_digit(c); }};
  ByteRuns not_upper_{text_, [](char c) { return !is_upper(c); }};
  ByteRuns not_lower_{text_, [](char c) { return !is_lower(c); }};
  ByteRuns not_equals_{text_, [](char c) { return c != '='; }};
  ByteRuns parts_{text_, is_word};
  ByteRuns azure_{text_, [](char c) { return is_dotted(c) || c == '~'; }};
  ByteRuns tokens_{text_, is_token};
  ByteRuns prose_{text_, is_prose};
  ByteRuns values_{text_, is_value};
  ByteRuns quotable_{text_, is_quotable};
  ByteRuns cookies_{text_, is_quotable};
  ByteRuns not_quotes_{text_, [](char c) { return !is_quote(c); }};
};

constexpr std::array<std::string_view, 4> kAnywhere{"SECRET", "PASSWORD", "PASSWD", "PASSPHRASE"};
constexpr std::array<std::string_view, 7> kEndings{"_KEY",        "APIKEY",       "TOKEN", "_PAT",
                                                   "_CREDENTIAL", "_CREDENTIALS", "_AUTH"};
constexpr std::array<std::string_view, 14> kRoots{"/home/", "/etc/", "/usr/", "/root/", "/var/",  "/tmp/",   "/run/",
                                                  "/opt/",  "/mnt/", "/srv/", "/dev/",  "/proc/", "/Users/", "~/"};

}  // namespace

void SecretMarks::add(std::size_t from, std::size_t length) {
  const auto fill = [this](std::size_t begin, std::size_t end) {
    if (begin < end)
      std::fill(marks_.begin() + static_cast<std::ptrdiff_t>(begin), marks_.begin() + static_cast<std::ptrdiff_t>(end),
                '\1');
  };
  const std::size_t end = from + length;
  if (length == 0) return;
  const bool touches = from <= end_ && end >= from_;
  if (!touches) {
    fill(from, end);
    from_ = from, end_ = end;
    return;
  }
  fill(from, from_);
  fill(end_, end);
  from_ = std::min(from_, from), end_ = std::max(end_, end);
}

std::string SecretMarks::masked(std::string_view text, std::string_view mask) const {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (marks_[at] == 0) out += text[at];
    else if (at == 0 || marks_[at - 1] == 0) out += mask;
  }
  return out;
}

bool has_digit(std::string_view text) { return std::any_of(text.begin(), text.end(), is_digit); }

bool is_secret_name(std::string_view name) {
  std::string upper(name);
  for (char& c : upper)
    if (is_lower(c)) c = static_cast<char>(c - 'a' + 'A');
  const std::string_view whole = upper;
  if (whole.ends_with("_FILE") || whole.ends_with("_PATH")) return false;
  return std::any_of(kAnywhere.begin(), kAnywhere.end(),
                     [&](auto part) { return whole.find(part) != std::string_view::npos; }) ||
         std::any_of(kEndings.begin(), kEndings.end(), [&](auto ending) { return whole.ends_with(ending); });
}

bool is_secret_path(std::string_view value) {
  return std::any_of(kRoots.begin(), kRoots.end(), [&](std::string_view root) { return value.starts_with(root); });
}

void mark_secret_shapes(std::string_view text, SecretMarks& marks) { Scan(text, marks).run(); }

}  // namespace delegate
