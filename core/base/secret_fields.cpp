#include "core/base/secret_fields.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/byte_kinds.hpp"
#include "core/base/byte_runs.hpp"

namespace delegate {
namespace {

using namespace bytes;

constexpr auto kNone = std::string_view::npos;
constexpr std::size_t kShortestSecret = 6;
constexpr std::size_t kLongestName = 64;

/// What a name says about its value, in the order of certainty.
enum class Named {
  plain,
  random,         // `sort_key`, `deploy_key`: a secret only if it is made of random characters
  likely_secret,  // has a digit: `PRIMARY_KEY=customer_id` is not secret
  secret,
  phrase,        // may be several words: `"token": "invalid token, log in again"` is prose
  authorization  // the name of a scheme is in front of it
};

// In lower case; `_` stands for `_`, `-`, a blank and nothing.
struct Name {
  std::string_view name;
  Named says;
};
constexpr Name kFieldNames[] = {{"api_key", Named::secret},
                                {"access_key", Named::secret},
                                {"secret_key", Named::secret},
                                {"private_key", Named::secret},
                                {"account_key", Named::secret},
                                {"subscription_key", Named::secret},
                                {"encryption_key", Named::secret},
                                {"signing_key", Named::secret},
                                {"master_key", Named::secret},
                                {"license_key", Named::secret},
                                {"access_token", Named::secret},
                                {"auth_token", Named::secret},
                                {"refresh_token", Named::secret},
                                {"id_token", Named::secret},
                                {"session_token", Named::secret},
                                {"client_secret", Named::secret},
                                {"password", Named::phrase},
                                {"passwd", Named::phrase},
                                {"passphrase", Named::phrase},
                                {"secret", Named::secret},
                                {"authorization", Named::authorization},
                                {"token", Named::secret},
                                {"credential", Named::likely_secret},
                                {"credentials", Named::likely_secret}};
// Whose keys are secret, in front of `_key`.
constexpr std::string_view kKeyOwners[] = {"openai",    "anthropic",  "claude",    "gemini",      "google", "azure",
                                           "aws",       "groq",       "grok",      "xai",         "cohere", "mistral",
                                           "deepseek",  "openrouter", "litellm",   "huggingface", "hf",     "together",
                                           "replicate", "perplexity", "fireworks", "github",      "gitlab", "service"};
// A value of one of these is likely to be public or to be made of data.
constexpr std::string_view kPublicOwners[] = {"public",  "pub",   "host", "foreign",
                                              "primary", "cache", "sort", "partition"};
// Parameters of URLs, if one of these characters is in front.
struct Parameter {
  std::string_view name;
  std::string_view before;
};
constexpr Parameter kParameters[] = {{"key", "?&"}, {"sig", "?&;"}, {"signature", "?&;-, "}};

/// A word in front of the credentials (https://www.iana.org/assignments/http-authschemes), in lower case.
constexpr std::string_view kSimpleSchemes[] = {"bearer", "basic", "token"};
constexpr std::string_view kSchemes[] = {
    "apikey", "api-key", "key",  "digest", "negotiate", "ntlm",      "oauth",
    "hoba",   "hawk",    "dpop", "mutual", "vapid",     "sharedkey", "aws4-hmac-sha256"};

/// How a quote or a blank around a name or a value may be written.
constexpr std::string_view kEscapedQuotes[] = {"%22", "%27", "\\u0022", "\\u0027", "&quot;", "&#34;", "&#39;"};

/// The characters of a password without quotes: no blank, and none that ends a value in a query, a list or prose.
bool is_unquoted(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != 0x7F && std::string_view("\"'`\\,;&<>(){}[]").find(c) == kNone;
}
/// What a value between quotes is made of.
bool is_quotable(char c) { return std::string_view("\"'`\\\r\n").find(c) == kNone; }

/// True if this name is in `text` directly before `end`; `begin` is set to where it begins.
bool ends_with_name(std::string_view text, std::size_t end, std::string_view name, std::size_t* begin = nullptr) {
  std::size_t at = end;
  for (std::size_t i = name.size(); i-- > 0;) {
    if (name[i] == '_') {
      if (at > 0 && (text[at - 1] == '_' || text[at - 1] == '-' || text[at - 1] == ' ')) --at;
      continue;
    }
    if (at == 0 || to_lower(text[at - 1]) != name[i]) return false;
    --at;
  }
  if (begin != nullptr) *begin = at;
  return true;
}

/// `OPENAI_KEY`, `DEPLOY_PAT`: the name of a variable of the environment, directly before `end`.
bool is_variable_before(std::string_view text, std::size_t end) {
  const auto is_of_variable = [](char c) { return is_upper(c) || is_digit(c) || c == '_'; };
  std::size_t begin = end;
  while (begin > 0 && end - begin < kLongestName && is_of_variable(text[begin - 1])) --begin;
  return begin < end && is_secret_name(text.substr(begin, end - begin));
}

/// `openai_key`, `deployKey`, with the name before `end`.
Named key_of_owner(std::string_view text, std::size_t end) {
  std::size_t begin = 0;
  if (!ends_with_name(text, end, "_key", &begin)) return Named::plain;
  const auto owns = [&](std::string_view owner) { return ends_with_name(text, begin, owner); };
  if (std::any_of(std::begin(kKeyOwners), std::end(kKeyOwners), owns)) return Named::likely_secret;
  const bool is_separate = begin + 3 < end || text[begin] == 'K';  // not a monkey
  const bool is_public = std::any_of(std::begin(kPublicOwners), std::end(kPublicOwners), owns);
  return is_separate && begin > 0 && is_word(text[begin - 1]) && !is_public ? Named::random : Named::plain;
}

/// The name that ends at `end`; `separator` is what is behind it.
Named name_before(std::string_view text, std::size_t end, char separator) {
  if (end == 0) return Named::plain;
  for (const auto& [name, says] : kFieldNames)
    if (ends_with_name(text, end, name)) return says;
  std::size_t begin = 0;
  for (const Parameter& parameter : kParameters)
    if (separator == '=' && ends_with_name(text, end, parameter.name, &begin) && begin > 0 &&
        parameter.before.find(text[begin - 1]) != kNone)
      return Named::likely_secret;
  return is_variable_before(text, end) ? Named::likely_secret : key_of_owner(text, end);
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}

/// A quote in front of a value, with the backslashes of JSON inside a JSON text.
struct Quote {
  std::size_t behind = 0;    // where it ends
  std::string_view escaped;  // how it is written if it is not itself
  bool is_there = false;
};

Quote quote_at(std::string_view text, std::size_t at) {
  for (const std::string_view escaped : kEscapedQuotes)
    if (text.substr(at, escaped.size()) == escaped) return {at + escaped.size(), escaped, true};
  std::size_t end = at;
  while (end < text.size() && (is_quote_mark(text[end]) || text[end] == '\\')) ++end;
  return {end, {}, end > at && is_quote_mark(text[end - 1])};
}

/// Where the name ends whose separator is at `at`: in front of quotes and blanks.
std::size_t name_end_before(std::string_view text, std::size_t at) {
  for (;;) {
    const std::string_view before = text.substr(0, at);
    const auto* const escaped = std::find_if(std::begin(kEscapedQuotes), std::end(kEscapedQuotes),
                                             [&](std::string_view quote) { return before.ends_with(quote); });
    if (escaped != std::end(kEscapedQuotes)) at -= escaped->size();
    else if (at > 0 && (is_quote_mark(text[at - 1]) || text[at - 1] == '\\' || text[at - 1] == ' ')) --at;
    else return at;
  }
}

/// `=` or `:`, as it is or escaped (`%3D`, `\u003d`); no length: there is none.
struct Separator {
  std::size_t length = 0;
  char character = 0;
};

Separator separator_at(std::string_view text, std::size_t at) {
  if (text[at] == '=' || text[at] == ':') return {1, text[at]};
  if (text[at] != '%' && text[at] != '\\') return {};
  for (const std::string_view escape : {"%3", "\\u003"}) {
    if (text.substr(at, escape.size()) != escape || at + escape.size() >= text.size()) continue;
    const char last = to_lower(text[at + escape.size()]);
    if (last == 'd' || last == 'a') return {escape.size() + 1, last == 'd' ? '=' : ':'};
  }
  return {};
}

class Fields {
 public:
  Fields(std::string_view text, SecretMarks& marks) : text_(text), marks_(marks) {}

  void mark() {
    for (std::size_t at = 0; at < text_.size(); ++at) {
      const char c = text_[at];
      if (const Separator separator = separator_at(text_, at); separator.length > 0) mark_assignment(at, separator);
      if (c == ':') mark_url_credentials(at);
      if (c == '-') mark_option(at);
      if (c == '>') mark_element(at);
      if (to_lower(c) == 'c') mark_cookies(at);
    }
  }

 private:
  bool has(ByteRuns& others, std::size_t from, std::size_t end) { return others.end(from) < end; }
  bool has_digit_in(std::size_t from, std::size_t end) { return has(not_digits_, from, end); }

  /// `NAME = VALUE`, `NAME: VALUE`, `"NAME": "VALUE"`, `NAME := VALUE`.
  void mark_assignment(std::size_t at, Separator separator) {
    const bool is_scope = text_.substr(at, 2) == "::";  // as in C++
    if (at > 0 && text_[at] == ':' && text_[at - 1] == ':') return;
    const bool is_definition = at > 0 && text_[at] == '=' && text_[at - 1] == ':';
    const std::size_t name_end = name_end_before(text_, is_definition ? at - 1 : at);
    Named named = name_before(text_, name_end, separator.character);
    if (named == Named::plain) return;
    if (is_scope) named = Named::random;
    const std::size_t after = at + (is_scope || text_.substr(at, 2) == "=>" ? 2 : separator.length);
    const std::size_t blanks = skip_blanks(text_, after);
    const Quote quote = quote_at(text_, blanks);
    if (named == Named::authorization && mark_authorization(quote)) return;
    const std::size_t from = quote.behind;
    const std::size_t end = values_.end(from);
    const bool is_assigned = separator.character == '=' || named == Named::phrase || blanks == after;
    if (is_url(from, end) && !is_assigned) return;  // "get an API key: https://…"
    // "token: expected" is prose, `token="expected"` is not.
    if (blanks > after && from == blanks && !has_digit_in(from, end)) return;
    if (!quote.is_there && is_code(from, end, named)) return;
    if (blanks > after && from == blanks && text_.substr(from, 1) == ":") return;  // `token = :token1` in SQL
    mark_value(named, quote);
  }

  /// `--api-key VALUE`, `-token VALUE`, `"--token", "VALUE"`. A value without a digit may be the next word of a
  /// sentence.
  void mark_option(std::size_t at) {
    const std::size_t name = text_.substr(at, 2) == "--" ? at + 2 : at + 1;
    if (name >= text_.size() || !is_letter(text_[name]) || (at > 0 && is_word(text_[at - 1]))) return;
    const std::size_t end = options_.end(name);
    const Named named = name_before(text_, end, ' ');
    if (named == Named::plain || named == Named::authorization) return;
    const Quote closing = quote_at(text_, end);
    const bool has_comma = closing.is_there && text_.substr(closing.behind, 1) == ",";
    const std::size_t after = closing.behind + (has_comma ? 1 : 0);
    const std::size_t blanks = skip_blanks(text_, after);
    if (blanks == after && !has_comma) return;
    const Quote quote = quote_at(text_, blanks);
    const std::size_t from = quote.behind;
    if (from >= text_.size() || text_[from] == '-') return;
    if (!has_digit_in(from, values_.end(from)) && !(quote.is_there && named == Named::phrase)) return;
    mark_value(named, quote);
  }

  /// `<password>VALUE</password>`, with the end of the first tag at this position.
  void mark_element(std::size_t at) {
    std::size_t begin = at;
    while (begin > 0 && at - begin < kLongestName && is_word(text_[begin - 1])) --begin;
    if (begin == at || begin == 0 || text_[begin - 1] != '<') return;
    const Named named = name_before(text_, at, '>');
    if (named == Named::plain || text_.substr(values_.end(at + 1), 2) != "</") return;
    mark_value(named, {.behind = at + 1});
  }

  /// The value behind this quote, or the place of one.
  void mark_value(Named named, const Quote& quote) {
    const std::size_t from = quote.behind;
    const std::size_t end = end_of_value(quote);
    if (end < from + kShortestSecret || text_[from] == '$' || is_reference(from) ||
        is_secret_path(text_.substr(from, 16)))
      return;
    const bool has_digits = has_digit_in(from, end);
    if (named == Named::likely_secret && !has_digits) return;
    if (named == Named::random && !is_random_key(from, end)) return;
    const std::size_t close = quote.is_there ? quotable_.end(from) : end;
    if (close <= end || !is_closed(close, text_[from - 1])) return marks_.add(from, end - from);
    if (named == Named::phrase || has_digit_in(from, close)) marks_.add(from, close - from);  // else several words
  }

  std::size_t end_of_value(const Quote& quote) {
    const std::size_t end = values_.end(quote.behind);
    // Each search goes as far as the next quote of its kind, behind which the next one begins.
    const std::size_t close = quote.escaped.empty() ? end : text_.find(quote.escaped, quote.behind);
    return std::min(end, close);
  }

  /// `Authorization: SCHEME CREDENTIALS`, also with parameters, `Digest username="…", response="…"`. False: there is no
  /// scheme.
  bool mark_authorization(const Quote& quote) {
    constexpr std::size_t kLongestScheme = 32;
    const std::size_t begin = quote.behind;
    const std::size_t blank = options_.end(begin);
    if (blank == begin || blank - begin > kLongestScheme || text_.substr(blank, 1) != " ") return false;
    const auto is_scheme = [&](std::string_view scheme) {
      return blank - begin == scheme.size() && has_word_at(text_, begin, scheme);
    };
    const std::size_t from = skip_blanks(text_, blank);
    const std::size_t end = values_.end(from);
    if (std::any_of(std::begin(kSimpleSchemes), std::end(kSimpleSchemes), is_scheme)) {
      if (end - from >= kShortestSecret) marks_.add(from, end - from);
      return true;
    }
    const std::size_t equals = std::min(text_.find_first_of("= ,\r\n", from), text_.size());
    const bool has_parameters = equals + 1 < text_.size() && equals > from && equals <= end && text_[equals] == '=' &&
                                (is_word(text_[equals + 1]) || quote_at(text_, equals + 1).is_there);
    if (has_parameters && marks_.at(from)) return true;  // within a list that was looked at
    const bool is_known = std::any_of(std::begin(kSchemes), std::end(kSchemes), is_scheme);
    const bool is_secret = has_parameters || (end - from >= kShortestSecret && has(prose_, from, end));
    if (!is_secret) return is_known;
    // What is no scheme may be a part of the secret.
    const std::size_t first = !is_known && has_digit_in(begin, blank) ? begin : from;
    marks_.add(first, (has_parameters ? end_of_list(from, quote) : end) - first);
    return true;
  }

  /// The end of a line or of what is in `quote`; values in quotes of their own, `a="1"; b="2"`, do not end it.
  std::size_t end_of_list(std::size_t from, const Quote& quote) {
    const std::size_t level = quote.is_there && quote.escaped.empty() ? backslashes_before(quote.behind - 1) : 0;
    std::size_t end = lists_.end(from);
    while (end < text_.size()) {
      const std::size_t mark = std::min(text_.find_first_not_of('\\', end), text_.size());
      if (mark == text_.size() || text_[mark] != '"' || text_[end - 1] != '=') return end;
      if (quote.is_there && mark - end <= level) return end;
      end = lists_.end(mark + 1);
      const std::size_t close = std::min(text_.find_first_not_of('\\', end), text_.size());
      if (close == text_.size() || text_[close] != '"') return end;
      end = lists_.end(close + 1);
    }
    return end;
  }

  std::size_t backslashes_before(std::size_t at) const {
    std::size_t number = 0;
    while (number < at && text_[at - number - 1] == '\\') ++number;
    return number;
  }

  /// `://user:password@`: the part between. A user name alone is not a secret, a token alone is.
  void mark_url_credentials(std::size_t at) {
    if (text_.substr(at, 3) != "://") return;
    const std::size_t from = at + 3;
    const std::size_t end = std::min(text_.find_first_of("/?# \t\r\n\"'`<>\\", from), text_.size());
    const std::string_view authority = text_.substr(from, end - from);
    const std::size_t host = authority.rfind('@');
    if (host == kNone || host == 0) return;
    const std::string_view user = authority.substr(0, host);
    if (user.find(':') != kNone || (user.size() >= 16 && has_digit(user))) marks_.add(from, user.size());
  }

  /// `Cookie: a=1; b="2"`, as a header or as a field of JSON: the value, to the end of the line or its closing quote.
  void mark_cookies(std::size_t at) {
    constexpr std::string_view kName = "cookie";
    constexpr std::string_view kAround = "\"'\\ \t";
    if (marks_.at(at) || !has_word_at(text_, at, kName)) return;
    const std::size_t colon = std::min(text_.find_first_not_of(kAround, at + kName.size()), text_.size());
    if (colon == text_.size() || text_[colon] != ':') return;
    const Quote quote = quote_at(text_, skip_blanks(text_, colon + 1));
    const std::size_t from = quote.behind;
    if (has(not_equals_, from, lists_.end(from))) marks_.add(from, end_of_list(from, quote) - from);
  }

  bool is_url(std::size_t from, std::size_t end) const {
    constexpr std::size_t kLongestScheme = 12;
    return text_.substr(from, std::min(end - from, kLongestScheme)).find("://") != kNone;
  }
  /// `token=make_token(…)`, `token=self.token_`: source code, not a value.
  bool is_code(std::size_t from, std::size_t end, Named named) {
    const std::string_view value = text_.substr(from, end - from);
    if (end < text_.size() && text_[end] == '(') return !is_random(value);
    return named != Named::phrase && !has_digit_in(from, end) && name_before(text_, end, ' ') != Named::plain &&
           value.substr(0, kLongestName).find_first_of("._") != kNone;
  }
  bool is_random_key(std::size_t from, std::size_t end) {
    constexpr std::size_t kShortest = 20;
    const std::string_view value = text_.substr(from, end - from);
    return value.size() >= kShortest && has_digit_in(from, end) && has(not_upper_, from, end) &&
           has(not_lower_, from, end) && is_random(value) && value.substr(0, kLongestName).find('.') == kNone;
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
  ByteRuns not_digits_{text_, [](char c) { return !is_digit(c); }};
  ByteRuns not_upper_{text_, [](char c) { return !is_upper(c); }};
  ByteRuns not_lower_{text_, [](char c) { return !is_lower(c); }};
  ByteRuns not_equals_{text_, [](char c) { return c != '='; }};
  ByteRuns options_{text_, is_word};
  ByteRuns prose_{text_, is_prose};
  ByteRuns values_{text_, is_unquoted};
  ByteRuns quotable_{text_, is_quotable};
  ByteRuns lists_{text_, is_quotable};
};

}  // namespace

void mark_secret_fields(std::string_view text, SecretMarks& marks) { Fields(text, marks).mark(); }

}  // namespace delegate
