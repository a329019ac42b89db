#include "tests/helpers/lab_config.hpp"

#include <functional>
#include <limits>
#include <map>

namespace delegate::lab {
namespace {

using Setter = std::function<Status(Config&, const Json& value, const std::string& name)>;

Setter duration(milliseconds BreakerPolicy::*field) {
  return [field](Config& config, const Json& value, const std::string& name) -> Status {
    TRY(const std::int64_t number, whole_number(value, name, 0));
    config.policy.*field = milliseconds(number);
    return {};
  };
}

Setter count(int BreakerPolicy::*field, int least) {
  return [field, least](Config& config, const Json& value, const std::string& name) -> Status {
    TRY(const std::int64_t number, whole_number(value, name, least));
    if (number > std::numeric_limits<int>::max()) return fail(Code::invalid_argument, name + ": too large");
    config.policy.*field = static_cast<int>(number);
    return {};
  };
}

Status set_lease(Config& config, const Json& value, const std::string& name) {
  TRY(const std::int64_t number, whole_number(value, name, 0));
  config.lease = milliseconds(number);
  return {};
}

Status set_multiplier(Config& config, const Json& value, const std::string& name) {
  if (!value.is_number() || value.get<double>() < 1)
    return fail(Code::invalid_argument, name + ": must be a number from 1 up");
  config.policy.backoff_multiplier = value.get<double>();
  return {};
}

Status set_liveness(Config& config, const Json& value, const std::string& name) {
  if (!value.is_boolean()) return fail(Code::invalid_argument, name + ": must be true or false");
  config.owner_liveness = value.get<bool>();
  return {};
}

Status set_clock(Config& config, const Json& value, const std::string& name) {
  if (value == "boottime") config.clock = ClockKind::boottime;
  else if (value == "wall") config.clock = ClockKind::wall;
  else return fail(Code::invalid_argument, name + ": must be \"boottime\" or \"wall\"");
  return {};
}

/// The store is always persistent: no other value is supported.
Status set_persist(Config&, const Json& value, const std::string& name) {
  if (value != true) return fail(Code::invalid_argument, "unsupported: " + name);
  return {};
}

const std::map<std::string, Setter>& setters() {
  static const std::map<std::string, Setter> table{
      {"threshold", count(&BreakerPolicy::threshold, 1)},
      {"cooldown_ms", duration(&BreakerPolicy::cooldown)},
      {"lease_ms", set_lease},
      {"backoff_multiplier", set_multiplier},
      {"max_cooldown_ms", duration(&BreakerPolicy::max_cooldown)},
      {"grace_ms", duration(&BreakerPolicy::grace)},
      {"drop_counts_after", count(&BreakerPolicy::drop_counts_after, 0)},
      {"failure_window_ms", duration(&BreakerPolicy::failure_window)},
      {"max_retry_after_ms", duration(&BreakerPolicy::max_retry_after)},
      {"quota_cooldown_ms", duration(&BreakerPolicy::quota_cooldown)},
      {"owner_liveness", set_liveness},
      {"clock", set_clock},
      {"persist", set_persist},
  };
  return table;
}

}  // namespace

Result<Config> configured(Config config, const Json& given) {
  if (!given.is_object()) return fail(Code::invalid_argument, "config: must be an object");
  for (const auto& [name, value] : given.items()) {
    const auto setter = setters().find(name);
    if (setter == setters().end()) return fail(Code::invalid_argument, "unsupported: " + name);
    TRY_STATUS(setter->second(config, value, name));
  }
  return config;
}

}  // namespace delegate::lab
