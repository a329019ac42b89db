#include "backends/codex_quota.hpp"

#include <algorithm>

#include "backends/quota_fields.hpp"
#include "core/base/text.hpp"
#include "core/run/reset_time.hpp"

namespace delegate {
namespace {

/// The limit that counts all models. Another one is that of a single model, whose name it has.
constexpr std::string_view kUsualLimit = "codex";

/// The rollout and the app-server spell the same fields in two ways.
std::string either_text(const Json& json, const char* place, const char* other) {
  std::string text = text_at(json, place);
  return text.empty() ? text_at(json, other) : text;
}

/// The model that a limit counts alone, as a word of its name; empty: it counts all.
std::string model_of_limit(const Json& limits) {
  const std::string id = either_text(limits, "/limit_id", "/limitId");
  if (id.empty() || id == kUsualLimit) return {};
  const std::string name = either_text(limits, "/limit_name", "/limitName");
  std::string word = lower(name.empty() ? id : name);
  std::replace(word.begin(), word.end(), ' ', '-');
  return word;
}

/// Windows are distinguished by their length: which one is the first is not fixed.
std::optional<WindowReading> codex_window(const Json& window, const std::string& model, milliseconds heard_at) {
  constexpr double kMostMinutes = 1e6;
  const auto percent = amount_at(window, {"/used_percent", "/usedPercent"});
  const auto minutes = amount_at(window, {"/window_minutes", "/windowDurationMins"});
  if (!percent || !minutes || *minutes < 1 || *minutes > kMostMinutes) return std::nullopt;
  const auto length = std::chrono::minutes(static_cast<std::int64_t>(*minutes));
  WindowReading reading{.name = window_name(length), .used = *percent / 100, .ends_at = {}, .length = length};
  reading.ends_at = seconds_at(window, {"/resets_at", "/resetsAt"});
  if (const auto left = seconds_at(window, {"/resets_in_seconds"}); left && !reading.ends_at)
    reading.ends_at = heard_at + *left;
  if (model.empty()) return reading;
  reading.name += "_" + model;
  const bool is_counted_alone = model_of_window(reading.name) == model;
  return is_counted_alone ? std::optional(std::move(reading)) : std::nullopt;
}

std::optional<Overage> codex_overage(const Json& credits, bool is_used_up) {
  if (!credits.is_object()) return std::nullopt;
  const bool unlimited = true_at(credits, "/unlimited");
  const bool has_credits = unlimited || true_at(credits, "/has_credits") || true_at(credits, "/hasCredits");
  return Overage{.in_use = has_credits && is_used_up,
                 .allowed = has_credits,
                 .credits = unlimited ? "unlimited" : one_line(text_at(credits, "/balance"), 20)};
}

/// Adds what one limit says.
void add_limit(QuotaReading& reading, const Json& limits) {
  const std::string model = model_of_limit(limits);
  bool is_used_up = false;
  for (const char* place : {"/primary", "/secondary"}) {
    auto window = codex_window(at(limits, place), model, reading.heard_at);
    if (!window) continue;
    is_used_up = is_used_up || window->used >= 1;
    reading.windows.push_back(*std::move(window));
  }
  if (model.empty()) reading.overage = codex_overage(at(limits, "/credits"), is_used_up);
}

/// Codex' clock and ours are the same one, read a moment apart.
constexpr milliseconds kTolerance{1'000};

constexpr int kReadLimits = 2;  // the id of that request

}  // namespace

std::optional<QuotaReading> quota_in_rollout(std::string_view line, milliseconds since) {
  if (line.find("\"rate_limits\"") == std::string_view::npos) return std::nullopt;
  const auto record = parse_object(line);
  if (!record || text_at(*record, "/payload/type") != "token_count") return std::nullopt;
  const auto heard_at = moment_of(text_at(*record, "/timestamp"));
  if (!heard_at || *heard_at < since - kTolerance) return std::nullopt;
  QuotaReading reading{.heard_at = *heard_at};
  add_limit(reading, at(*record, "/payload/rate_limits"));
  return reading.empty() ? std::nullopt : std::optional(std::move(reading));
}

std::string quota_request_to_app_server() {
  const Json client{{"name", "delegate"}, {"version", "1"}};
  const Json messages[] = {{{"id", 1}, {"method", "initialize"}, {"params", {{"clientInfo", client}}}},
                           {{"method", "initialized"}},
                           {{"id", kReadLimits}, {"method", "account/rateLimits/read"}}};
  std::string lines;
  for (const Json& message : messages) lines += dump(message) + "\n";
  return lines;
}

std::optional<QuotaReading> quota_in_app_server(std::string_view out, milliseconds now) {
  for (const std::string_view line : split(out, '\n')) {
    const auto answer = parse_object(line);
    if (!answer || integer_at(*answer, "/id") != kReadLimits) continue;
    if (!answer->contains("result") && !answer->contains("error")) continue;  // a request of its own
    QuotaReading reading{.heard_at = now};
    const Json& by_limit = at(*answer, "/result/rateLimitsByLimitId");
    if (!by_limit.is_object() || by_limit.empty()) add_limit(reading, at(*answer, "/result/rateLimits"));
    else
      for (const auto& [id, limits] : by_limit.items()) add_limit(reading, limits);
    return reading;
  }
  return std::nullopt;
}

}  // namespace delegate
