#include "backends/quota_headers.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <string>

#include "core/base/text.hpp"
#include "core/run/reset_time.hpp"

namespace delegate {
namespace {

struct StatedLimit {
  std::optional<double> size;
  std::optional<double> left;
  std::optional<milliseconds> ends_at;
};

/// Which figure of which limit a header states: in "x-ratelimit-remaining-tokens" what is "remaining" of "tokens".
struct HeaderName {
  std::string_view figure;
  std::string limit;
};

std::optional<HeaderName> header_name(std::string_view name) {
  constexpr std::string_view kAbout = "ratelimit-";
  const std::size_t about = name.find(kAbout);
  if (about == std::string_view::npos) return std::nullopt;
  HeaderName found;
  std::vector<std::string> words;
  for (const std::string_view word : split(name.substr(about + kAbout.size()), '-')) {
    const bool is_figure = word == "limit" || word == "remaining" || word == "reset";
    if (is_figure && found.figure.empty()) found.figure = word;
    else words.emplace_back(word);
  }
  found.limit = words.empty() ? "requests" : join(words, "-");
  return found.figure.empty() ? std::nullopt : std::optional(std::move(found));
}

/// The number before a comment: "100, 100;w=60".
std::optional<double> leading_number(std::string_view value) {
  double number = 0;
  value = trim(value);
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_amount = error == std::errc{} && number >= 0 && number < 1e15;
  return is_amount ? std::optional(number) : std::nullopt;
}

std::optional<milliseconds> stated_end(std::string_view value, milliseconds now) {
  const auto stated = stated_header(value);
  if (stated && stated->after) return now + *stated->after;
  return stated ? stated->at : std::nullopt;
}

void take(StatedLimit& limit, std::string_view figure, std::string_view value, milliseconds now) {
  if (figure == "limit") limit.size = leading_number(value);
  else if (figure == "remaining") limit.left = leading_number(value);
  else limit.ends_at = stated_end(value, now);
}

}  // namespace

std::optional<QuotaReading> quota_in_headers(std::span<const HttpResult::Header> headers, milliseconds now) {
  std::map<std::string, StatedLimit> limits;
  for (const HttpResult::Header& header : headers)
    if (const auto name = header_name(header.name)) take(limits[name->limit], name->figure, header.value, now);
  QuotaReading reading{.heard_at = now};
  for (const auto& [name, limit] : limits) {
    if (!limit.size || !limit.left || *limit.size <= 0) continue;
    reading.windows.push_back(
        {.name = name, .used = std::max(1 - *limit.left / *limit.size, 0.0), .ends_at = limit.ends_at});
  }
  return reading.windows.empty() ? std::nullopt : std::optional(std::move(reading));
}

}  // namespace delegate
