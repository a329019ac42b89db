#include "backends/error_facts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "backends/signatures.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/run/pattern.hpp"
#include "core/run/reset_time.hpp"

namespace delegate {
namespace {

constexpr int kDeepest = 12;               // levels of objects, arrays, and JSON inside strings together
constexpr std::size_t kLongestCode = 100;  // bytes
constexpr std::size_t kMost = 64;          // messages and codes
constexpr std::size_t kLongestText = 256u << 10;
constexpr double kFirstEpoch = 1e9;  // smaller numbers are seconds from now

template <class List>
bool is_one_of(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

/// A key without what its spellings differ in: "resets_in_seconds", "resetsInSeconds", "Resets-In-Seconds".
std::string plain_key(std::string_view key) {
  std::string out = lower(key);
  std::erase_if(out, [](char c) { return c == '_' || c == '-'; });
  return out;
}

/// An object or a list.
std::optional<Json> parse_any(std::string_view text) {
  const auto whole = parse_object("{\"value\":" + std::string(text) + "}");
  if (!whole || whole->size() != 1 || !at(*whole, "/value").is_structured()) return std::nullopt;
  return at(*whole, "/value");
}

bool looks_like_json(std::string_view text) {
  const std::string_view words = trim(text);
  return words.size() > 1 && (words.front() == '{' || words.front() == '[');
}

/// Facts as they are read. Of several windows only those count that are said to be used up, if any are.
struct Reading {
  ErrorFacts facts = {};
  bool only_used_up = false;

  void note(std::optional<milliseconds> ErrorFacts::*kind, std::optional<milliseconds> time, bool used_up) {
    if (!time || time->count() <= 0 || (only_used_up && !used_up)) return;
    if (used_up && !only_used_up) facts.retry_after.reset(), facts.retry_at.reset(), only_used_up = true;
    auto& kept = facts.*kind;
    if (!kept || *time > *kept) kept = time;
  }
};

std::optional<milliseconds> from_number(double value, double unit) {
  if (!(value > 0) || value * unit > 1e14) return std::nullopt;
  return milliseconds(std::llround(value * unit));
}

constexpr std::array<std::string_view, 10> kWaits{
    "resetsinseconds",   "resetinseconds",  "resetafterseconds", "retryafter",     "retrydelay",
    "retryafterseconds", "quotaresetdelay", "retrydelayseconds", "retryinseconds", "resetafter"};
constexpr std::array<std::string_view, 6> kWaitsInMs{"retryafterms", "retrydelayms", "retryinms",
                                                     "delayms",      "resetinms",    "resetsinms"};
constexpr std::array<std::string_view, 8> kMoments{"resetsat",        "resetat",        "quotaresettimestamp",
                                                   "xratelimitreset", "ratelimitreset", "resettime",
                                                   "resetstime",      "reset"};

/// A number, or a string with or without a unit.
std::optional<milliseconds> wait_in_ms(const Json& value) {
  if (value.is_number()) return from_number(value.get<double>(), 1);
  const std::string text(trim(text_of(value)));
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return from_number(number, 1);
  const auto stated = stated_header(text);
  return stated ? stated->after : std::nullopt;
}

/// A window of a limit says how much of it is gone, each vendor in its own way; as a fraction it is never far above 1.
bool is_used_up(const Json& window) {
  for (const auto& [name, value] : window.items()) {
    const std::string key = plain_key(name);
    const double number = value.is_number() ? value.get<double>() : -1;
    if (key == "usedpercent" && number >= 100) return true;
    if (key == "utilization" && ((number > 0.9999 && number < 1.1) || number >= 100)) return true;
    if (key.starts_with("remaining") && number == 0) return true;
    if (key == "status" && value == "rejected") return true;
  }
  return false;
}

void take_time(Reading& reading, const std::string& key, const Json& value, bool used_up) {
  constexpr auto kAfter = &ErrorFacts::retry_after;
  if (is_one_of(kWaitsInMs, key)) return reading.note(kAfter, wait_in_ms(value), used_up);
  const bool is_wait = is_one_of(kWaits, key);
  if (!is_wait && !is_one_of(kMoments, key)) return;
  if (value.is_number() && is_wait && value.get<double>() < kFirstEpoch)
    return reading.note(kAfter, from_number(value.get<double>(), 1000), used_up);
  if (!value.is_number() && !value.is_string()) return;
  const auto stated = stated_header(value.is_string() ? value.get<std::string>() : dump(value));
  if (!stated) return;
  reading.note(kAfter, stated->after, used_up);
  reading.note(&ErrorFacts::retry_at, stated->at, used_up);
}

constexpr std::array<std::string_view, 12> kCodeKeys{"type",      "code",       "status",  "reason",
                                                     "errortype", "errorcode",  "quotaid", "errorname",
                                                     "kind",      "statustext", "error",   "name"};
constexpr std::array<std::string_view, 6> kStatusKeys{"code",           "status",     "statuscode",
                                                      "apierrorstatus", "httpstatus", "errorstatus"};
constexpr std::array<std::string_view, 9> kMessageKeys{
    "message", "detail", "error", "errordescription", "msg", "errormessage", "raw", "description", "title"};

void take_number(ErrorFacts& facts, const std::string& key, const Json& value) {
  const double number = value.get<double>();
  if (!facts.status && is_one_of(kStatusKeys, key) && number >= 300 && number < 600)
    facts.status = static_cast<std::int64_t>(number);
}

void collect(Reading& reading, const Json& json, int depth);

void take_string(Reading& reading, const std::string& key, const std::string& text, int depth) {
  if (looks_like_json(text))
    if (const auto inner = parse_any(trim(text))) return collect(reading, *inner, depth + 1);
  ErrorFacts& facts = reading.facts;
  const bool is_word = text.find(' ') == std::string::npos && text.size() <= kLongestCode;
  if (is_word && is_one_of(kCodeKeys, key) && facts.codes.size() < kMost) facts.codes.push_back(text);
  if (is_word && is_one_of(kStatusKeys, key) && text.size() == 3 && !facts.status)  // "429"
    if (const auto number = stated_status("status " + text)) facts.status = number;
  if (!is_one_of(kMessageKeys, key) || trim(text).empty() || facts.messages.size() >= kMost) return;
  if (key == "message" && facts.message.empty()) facts.message = text;
  if (!is_word || key == "message") facts.messages.push_back(text);
}

/// Plain values before nested ones: what stands higher is nearer to what happened.
void collect(Reading& reading, const Json& json, int depth) {
  if (depth > kDeepest) return;
  if (json.is_array()) {
    for (const Json& one : json)
      if (one.is_structured()) collect(reading, one, depth + 1);
    return;
  }
  if (!json.is_object()) return;
  const bool used_up = is_used_up(json);
  for (const auto& [name, value] : json.items()) {
    const std::string key = plain_key(name);
    take_time(reading, key, value, used_up);
    if (value.is_string()) take_string(reading, key, value.get<std::string>(), depth);
    else if (value.is_number()) take_number(reading.facts, key, value);
  }
  for (const auto& [name, value] : json.items())
    if (value.is_structured()) collect(reading, value, depth + 1);
}

/// The length of the JSON text at the beginning of `text`, if its brackets are balanced; 0: they are not.
std::size_t balanced_length(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') ++i;
    else if (c == '"') quoted = !quoted;
    else if (!quoted && (c == '{' || c == '[')) ++depth;
    else if (!quoted && (c == '}' || c == ']') && --depth == 0) return i + 1;
  }
  return 0;
}

constexpr int kMostTries = 16;  // brackets at which JSON may begin

std::string between_tags(std::string_view text, std::string_view tag) {
  const std::string whole = lower(text);
  const std::size_t open = whole.find("<" + std::string(tag));
  const std::size_t begin = open == std::string::npos ? open : whole.find('>', open);
  const std::size_t end = begin == std::string::npos ? begin : whole.find("</", begin);
  return end == std::string::npos ? std::string() : one_line(text.substr(begin + 1, end - begin - 1));
}

}  // namespace

ErrorFacts facts_in(std::string_view text) {
  Reading reading;
  ErrorFacts& facts = reading.facts;
  text = text.substr(0, kLongestText);
  // A bracket that begins no JSON is skipped: text for people is never JSON by accident.
  int tries = 0;
  while (!text.empty()) {
    const std::size_t at = text.find_first_of("{[");
    facts.prose += text.substr(0, at);
    if (at == std::string_view::npos || ++tries > kMostTries) break;
    text.remove_prefix(at);
    const std::size_t length = balanced_length(text);
    const auto json = length > 0 ? parse_any(text.substr(0, length)) : std::nullopt;
    if (json) collect(reading, *json, 0);
    else facts.prose += text.front();
    text.remove_prefix(json ? length : 1);
  }
  if (tries > kMostTries) facts.prose += text;
  if (facts.message.empty() && !facts.messages.empty()) facts.message = facts.messages.front();
  return std::move(reading.facts);
}

std::optional<std::int64_t> clearly_stated_status(std::string_view words) {
  constexpr const char* kNamed =
      R"((?i)\b(?:status(?: code)?|https?(?:/[\d.]+)?|request rejected)\W{0,4}(3\d\d|[45]\d\d)\b(?! \w+s\b))";
  constexpr const char* kFirst =
      R"((?i)^(?:\w*error: |fatal: )?\W{0,3}([45]\d\d)(?:\W{1,3}[{<]| status code\b| (?:bad request|unauthorized|payment required|forbidden|not found|request timeout|too many requests|internal server error|bad gateway|service unavailable|gateway time-?out)\b))";
  std::string found = captured(kNamed, words);
  if (found.empty()) found = captured(kFirst, words);
  return found.empty() ? std::nullopt : std::optional<std::int64_t>(std::stoi(found));
}

std::optional<std::int64_t> stated_status(std::string_view words) {
  constexpr const char* kNamed =
      R"((?i)\b(?:status(?: code)?|https?(?:/[\d.]+)?|api error|request rejected|rejected|returned|response|error|code)\W{0,4}(3\d\d|[45]\d\d)\b)";
  constexpr const char* kFirst = R"(^\W{0,3}([45]\d\d)\W{1,3}[A-Za-z{<])";
  std::string found = captured(kNamed, words);
  if (found.empty()) found = captured(kFirst, words);
  if (found.empty()) return clearly_stated_status(words);
  return std::stoi(found);
}

bool is_web_page(std::string_view text) {
  return contains_ignoring_case(text, "<html") || contains_ignoring_case(text, "<!doctype html");
}

std::string title_of_page(std::string_view text) {
  std::string title = between_tags(text, "title");
  return title.empty() ? between_tags(text, "h1") : title;
}

}  // namespace delegate
