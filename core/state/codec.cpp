#include "core/state/codec.hpp"

#include <limits>

#include "core/base/json.hpp"

namespace delegate {
namespace {

Json to_json(const HostTime& time) {
  return {{"boot_id", time.boot_id}, {"boot_ms", time.boot.count()}, {"wall_ms", time.wall.count()}};
}
Json to_json(const Span& span) { return {{"since", to_json(span.since)}, {"length_ms", span.length.count()}}; }
Json to_json(const ProcessId& id) {
  Json json{{"boot_id", id.boot_id}, {"pid", id.pid}, {"start_time", id.start_time}};
  if (id.pid_namespace != 0) json["pid_namespace"] = id.pid_namespace;
  return json;
}
template <class Lease>
Json lease_to_json(const Lease& lease) {
  return {{"token", lease.token}, {"owner", to_json(lease.owner)}, {"span", to_json(lease.span)}};
}

/// Only whole numbers in range: the library would truncate fractions and wrap large numbers.
template <class Number = std::int64_t>
Number number(const Json& json) {
  const bool fits_below = !json.is_number_unsigned() ||
                          json.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<Number>::max());
  if (!json.is_number_integer() || !fits_below || json.get<std::int64_t>() < std::numeric_limits<Number>::min())
    throw Json::type_error::create(302, "not a whole number in range", &json);
  return json.get<Number>();
}
milliseconds duration(const Json& json) { return milliseconds(number(json)); }

const Json& list(const Json& json) {
  if (!json.is_array()) throw Json::type_error::create(302, "not a list", &json);
  return json;
}

HostTime host_time(const Json& json) {
  return {json.at("boot_id").get<std::string>(), duration(json.at("boot_ms")), duration(json.at("wall_ms"))};
}
Span span(const Json& json) { return {host_time(json.at("since")), duration(json.at("length_ms"))}; }
ProcessId process_id(const Json& json) {
  const Json pid_namespace = json.value("pid_namespace", Json(0));
  return {json.at("boot_id").get<std::string>(), number(json.at("pid")), number(json.at("start_time")),
          number(pid_namespace)};
}
template <class Lease>
Lease lease(const Json& json) {
  return {json.at("token").get<std::string>(), process_id(json.at("owner")), span(json.at("span"))};
}

Json to_json(const Breaker& breaker) {
  Json json{{"state", to_string(breaker.state)},
            {"generation", breaker.generation},
            {"breaks_in_a_row", breaker.cooldowns_in_a_row},
            {"bursts_in_a_row", breaker.bursts_in_a_row},
            {"trips", breaker.trips}};
  for (const HostTime& failure : breaker.streak) json["streak"].push_back(to_json(failure));
  if (breaker.state == BreakerState::open || breaker.cooldown != Span{}) json["pause"] = to_json(breaker.cooldown);
  if (breaker.manual) json["by_hand"] = true;
  if (breaker.outage) json["outage"] = true;
  if (breaker.recoveries != 0) json["recoveries"] = breaker.recoveries;
  if (const auto& trip = breaker.login_trip)
    json["login_trip"] = {{"generation", trip->generation}, {"login", trip->login}};
  if (breaker.rejecting) json["rejecting"] = true;
  for (const Rejection& one : breaker.rejections)
    json["rejections"].push_back({{"prompt", one.prompt}, {"answered", one.answered}});
  if (breaker.limit_probe) json["slow_probe"] = to_json(*breaker.limit_probe);
  if (breaker.probe) json["probe"] = lease_to_json(*breaker.probe);
  if (breaker.burst) json["burst"] = to_json(*breaker.burst);
  if (const auto& last = breaker.last_failure)
    json["last_failure"] = {{"outcome", last->outcome}, {"message", last->message}, {"at_ms", last->at.count()}};
  return json;
}

Breaker breaker(const Json& json) {
  Breaker out;
  const auto state = breaker_state_named(json.at("state").get<std::string>());
  if (!state) throw Json::other_error::create(500, "unknown state", &json);
  out.state = *state;
  out.generation = number(json.at("generation"));
  out.cooldowns_in_a_row = number<int>(json.at("breaks_in_a_row"));
  out.bursts_in_a_row = number<int>(json.at("bursts_in_a_row"));
  out.trips = number(json.at("trips"));
  if (json.contains("streak"))
    for (const Json& failure : list(json["streak"])) out.streak.push_back(host_time(failure));
  if (out.state == BreakerState::open || json.contains("pause")) out.cooldown = span(json.at("pause"));
  out.manual = json.value("by_hand", false);
  out.outage = json.value("outage", false);
  if (json.contains("recoveries")) out.recoveries = number(json["recoveries"]);
  if (json.contains("login_trip")) {
    const Json& trip = json["login_trip"];
    out.login_trip = LoginTrip{number(trip.at("generation")), trip.at("login").get<std::string>()};
  }
  out.rejecting = json.value("rejecting", false);
  if (json.contains("rejections"))
    for (const Json& one : list(json["rejections"]))
      out.rejections.push_back({one.at("prompt").get<std::string>(), one.at("answered").get<bool>()});
  if (json.contains("slow_probe")) out.limit_probe = span(json["slow_probe"]);
  if (json.contains("probe")) out.probe = lease<ProbeLease>(json["probe"]);
  if (json.contains("burst")) out.burst = span(json["burst"]);
  if (json.contains("last_failure")) {
    const Json& last = json["last_failure"];
    out.last_failure = LastFailure{last.at("outcome").get<std::string>(), last.at("message").get<std::string>(),
                                   duration(last.at("at_ms"))};
  }
  return out;
}

/// Of a QuotaWindow or a WindowView.
template <class Window>
Json window_to_json(const Window& window) {
  Json json{{"name", window.name}, {"used", window.used}, {"heard_ms", window.heard_at.count()}};
  if (window.ends_at) json["ends_ms"] = window.ends_at->count();
  if (window.length) json["length_ms"] = window.length->count();
  if (!window.source.empty()) json["source"] = window.source;
  return json;
}

Json to_json(const Quota& quota) {
  Json json = Json::object();
  for (const QuotaWindow& window : quota.windows) {
    Json one = window_to_json(window);
    if (window.announced != 0) one["announced"] = window.announced;
    json["windows"].push_back(std::move(one));
  }
  if (quota.overage_heard_at != milliseconds(0))  // also that there is none: an older reading must not undo it
    json["overage"] = {{"in_use", quota.overage.in_use},
                       {"allowed", quota.overage.allowed},
                       {"credits", quota.overage.credits},
                       {"heard_ms", quota.overage_heard_at.count()}};
  if (!quota.account.empty()) json["account"] = quota.account;
  return json;
}

/// A time or length that can be reckoned with.
milliseconds moderate(const Json& json) {
  constexpr milliseconds kMost{1'000'000'000'000'000};
  const milliseconds value = duration(json);
  if (value < milliseconds(0) || value > kMost) throw Json::other_error::create(500, "not a time", &json);
  return value;
}

template <class Window>
Window window_of(const Json& json) {
  const auto maybe = [&](const char* key) {
    return json.contains(key) ? std::optional(moderate(json[key])) : std::nullopt;
  };
  Window window{.name = json.at("name").get<std::string>(),
                .used = json.at("used").get<double>(),
                .ends_at = maybe("ends_ms"),
                .length = maybe("length_ms"),
                .heard_at = moderate(json.at("heard_ms")),
                .source = json.value("source", "")};
  const bool is_share = json["used"].is_number() && window.used >= 0 && window.used <= 1;
  if (window.name.empty() || !is_share) throw Json::other_error::create(500, "not a quota window", &json);
  return window;
}

Quota quota(const Json& json) {
  Quota out;
  if (json.contains("windows"))
    for (const Json& one : list(json["windows"])) {
      out.windows.push_back(window_of<QuotaWindow>(one));
      if (one.contains("announced")) out.windows.back().announced = number<int>(one["announced"]);
    }
  if (json.contains("overage")) {
    const Json& overage = json["overage"];
    out.overage = {overage.at("in_use").get<bool>(), overage.at("allowed").get<bool>(),
                   overage.at("credits").get<std::string>()};
    out.overage_heard_at = moderate(overage.at("heard_ms"));
  }
  out.account = json.value("account", "");
  return out;
}

/// What cannot be read of it is forgotten: the next call reports it again, and the breaker must not get lost with it.
Quota readable_quota(const Json& json) {
  try {
    return quota(json);
  } catch (const Json::exception&) {
    return {};
  }
}

}  // namespace

std::string encode(const std::vector<WindowView>& windows) {
  if (windows.empty()) return {};
  Json json = Json::array();
  for (const WindowView& window : windows) json.push_back(window_to_json(window));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<WindowView> decode_windows(std::string_view text) {
  if (text.empty()) return {};
  try {
    std::vector<WindowView> windows;
    const Json json = Json::parse(text);
    for (const Json& one : list(json)) windows.push_back(window_of<WindowView>(one));
    return windows;
  } catch (const Json::exception&) {
    return {};
  }
}

std::string encode(const BackendState& state) {
  Json json{{"breaker", to_json(state.breaker)}};
  for (const SlotLease& slot : state.slots) {
    Json lease = lease_to_json(slot);
    if (!slot.tag.empty()) lease["tag"] = slot.tag;
    json["slots"].push_back(std::move(lease));
  }
  for (const SlotLease& place : state.waiting) json["waiting"].push_back(lease_to_json(place));
  if (!state.endpoint.empty()) json["endpoint"] = state.endpoint;
  if (!state.peer.empty()) json["peer"] = state.peer;
  if (Json known = to_json(state.quota); !known.empty()) json["quota"] = std::move(known);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string encode(const GuardState& state) {
  Json json{{"breaker", to_json(state.breaker)}, {"failures", state.failures}, {"skipped", state.skipped}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<GuardState> decode_guard(std::string_view text) {
  try {  // exceptions of the JSON library end here
    const Json json = Json::parse(text);
    return GuardState{.breaker = breaker(json.at("breaker")),
                      .failures = number(json.at("failures")),
                      .skipped = number(json.at("skipped"))};
  } catch (const Json::exception& error) {
    return fail(Code::data_loss, std::string("stored state of a guard: ") + error.what());
  }
}

Result<BackendState> decode(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    BackendState state{.breaker = breaker(json.at("breaker"))};
    if (json.contains("slots"))
      for (const Json& slot : list(json["slots"])) {
        state.slots.push_back(lease<SlotLease>(slot));
        state.slots.back().tag = slot.value("tag", "");
      }
    if (json.contains("waiting"))
      for (const Json& place : list(json["waiting"])) state.waiting.push_back(lease<SlotLease>(place));
    state.endpoint = json.value("endpoint", "");
    state.peer = json.value("peer", "");
    if (json.contains("quota")) state.quota = readable_quota(json["quota"]);
    return state;
  } catch (const Json::exception& error) {
    return fail(Code::data_loss, std::string("stored state: ") + error.what());
  }
}

}  // namespace delegate
