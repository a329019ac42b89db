#include "core/base/secret_shapes.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/byte_kinds.hpp"
#include "core/base/byte_runs.hpp"
#include "core/base/secret_fields.hpp"
#include "core/base/secret_table.hpp"

namespace delegate {
namespace {

using namespace bytes;

bool is_upper_or_digit(char c) { return is_upper(c) || is_digit(c); }
bool is_capital(char c) { return is_upper_or_digit(c) || c == '-'; }
bool is_dotted(char c) { return is_word(c) || c == '.'; }
bool is_path(char c) { return is_word(c) || c == '/' || c == '%' || c == '@'; }

constexpr std::array<ByteRuns::Kind, 9> kKinds{
    is_alnum,  is_upper_or_digit, is_capital, is_hex, is_word,
    is_dotted, is_base64,         is_token,   is_path};  // in the order of Tail

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

/// Each position is looked at once, and whatever reaches ahead asks `ByteRuns`.
class Scan {
 public:
  Scan(std::string_view text, SecretMarks& marks) : text_(text), marks_(marks) {
    for (const ByteRuns::Kind kind : kKinds) tails_.emplace_back(text, kind);
  }

  void run() {
    for (std::size_t at = 0; at < text_.size(); ++at) {
      const char c = text_[at];
      if (c == ':') mark_telegram(at);
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
    return both && (digit || proof == Proof::varied) && is_random(text_.substr(from, end - from));
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

  /// `eyJ….….…`: header, payload and signature. Five parts if it is encrypted, of which the second is empty if there is
  /// no key in it (https://www.rfc-editor.org/rfc/rfc7516, 7.1); a payload that is sent apart leaves it empty, too.
  std::size_t web_token(std::size_t at) {
    constexpr int kMostParts = 5;
    if (text_.substr(at, 3) != "eyJ") return 0;
    std::size_t end = parts_.end(at);
    for (int part = 1; part < kMostParts; ++part) {
      if (part == 1 && text_.substr(end, 2) == "..") ++end;
      const bool has_next = end + 1 < text_.size() && text_[end] == '.' && is_word(text_[end + 1]);
      if (!has_next && part == 1) return 0;  // without a payload it could be anything
      if (!has_next) break;
      end = parts_.end(end + 1);
    }
    return end - at >= 20 ? end - at : 0;
  }

  /// `Bearer TOKEN` and `Basic TOKEN` within prose; a token of words is prose, too.
  std::size_t credentials(std::size_t at) {
    constexpr std::size_t kShortest = 8;
    constexpr std::size_t kShortestOfLetters = 12;
    if (to_lower(text_[at]) != 'b') return 0;
    for (const std::string_view scheme : {std::string_view("bearer "), std::string_view("basic ")}) {
      if (!has_word_at(text_, at, scheme)) continue;
      const std::size_t from = at + scheme.size();
      const std::size_t end = tokens_.end(from);
      if (end - from < kShortest || marks_.at(from)) continue;
      const std::string_view token = text_.substr(from, end - from);
      const bool is_random_word =
          token.size() >= kShortestOfLetters && is_random(token) && std::all_of(token.begin(), token.end(), is_letter);
      if (has(prose_, from, end) || is_random_word) return end - at;
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
  /// (https://discord.com/developers/docs/reference), secrets of Azure's applications, tokens of Airtable and the first
  /// ones of Vault (Gitleaks).
  std::size_t key_without_prefix(std::size_t at) {
    const char c = text_[at];
    if (c == 'M' || c == 'N' || c == 'O') return parts_of({23, 6, 27}, {28, 7, 45}, at);
    if (const std::size_t length = old_vault_token(at); length > 0) return length;
    if (text_.substr(at, 3) == "pat") return parts_of({17, 60}, {17, 64}, at);
    const bool is_azure = text_.size() - at > 6 && text_.substr(at + 4, 2) == "Q~" && is_digit(text_[at + 3]);
    const std::size_t end = is_azure ? without_dots(at, azure_.end(at)) : at;
    return end - at >= 36 && end - at <= 42 ? end - at : 0;
  }

  /// `s.` and 24 characters. What is called is not a token, nor is a longer name.
  std::size_t old_vault_token(std::size_t at) {
    constexpr std::size_t kLength = 26;
    if (std::string_view("sbr").find(text_[at]) == std::string_view::npos) return 0;
    if (text_.size() - at < kLength || text_[at + 1] != '.' || parts_.end(at + 2) != at + kLength) return 0;
    if (at + kLength < text_.size() && text_[at + kLength] == '(') return 0;
    return is_proven(Proof::mixed, at + 2, at + kLength) ? kLength : 0;
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

  std::string_view text_;
  SecretMarks& marks_;
  std::vector<ByteRuns> tails_;
  ByteRuns not_digits_{text_, [](char c) { return !is_digit(c); }};
  ByteRuns not_upper_{text_, [](char c) { return !is_upper(c); }};
  ByteRuns not_lower_{text_, [](char c) { return !is_lower(c); }};
  ByteRuns parts_{text_, is_word};
  ByteRuns azure_{text_, [](char c) { return is_dotted(c) || c == '~'; }};
  ByteRuns tokens_{text_, is_token};
  ByteRuns prose_{text_, is_prose};
  ByteRuns not_quotes_{text_, [](char c) { return !is_quote_mark(c); }};
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

void mark_secret_shapes(std::string_view text, SecretMarks& marks) {
  mark_secret_fields(text, marks);
  Scan(text, marks).run();
}

}  // namespace delegate
