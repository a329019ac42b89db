// Replays weeks of a busy person with three subscriptions under several settings, with the rules of the product:
// breaker, windows, reserves and balance. docs/quota-simulation.md describes the model and has the results.
//   quota_week [WEEKS]            a table of each setting
//   quota_week --series [WEEKS]   what was left of claude's week at each hour, as CSV
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/health/breaker.hpp"
#include "core/health/outcome.hpp"
#include "core/quota/pace.hpp"
#include "core/quota/reserve.hpp"
#include "core/route/balance.hpp"

using namespace delegate;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kMonday{1'764'547'200'000};  // 00:00 UTC
constexpr milliseconds kDay = 24h;
constexpr milliseconds kWeek = 7 * kDay;

milliseconds scaled(milliseconds length, double factor) {
  return milliseconds(static_cast<std::int64_t>(static_cast<double>(length.count()) * factor));
}

/// A window as its vendor counts it. One unit is an average delegated call.
struct Meter {
  std::string name;
  milliseconds length;
  double capacity;
  bool begins_with_use;  // otherwise it is renewed at fixed times
  milliseconds began = kMonday;
  double used = 0;

  void renew(milliseconds now) {
    if (now - began < length) return;
    used = 0;
    began = begins_with_use ? now : began + length * ((now - began) / length);
  }
  bool is_used_up() const { return used >= capacity; }
  double left() const { return std::max(1 - used / capacity, 0.0); }
};

struct Service {
  std::string name;
  std::vector<Meter> meters;

  void renew(milliseconds now) {
    for (Meter& meter : meters) meter.renew(now);
  }
  bool is_used_up() const {
    return std::any_of(meters.begin(), meters.end(), [](const Meter& meter) { return meter.is_used_up(); });
  }
  void take(double units) {
    for (Meter& meter : meters) meter.used += units;
  }
  /// When the last of the windows that are used up is renewed.
  milliseconds back_at() const {
    milliseconds at{0};
    for (const Meter& meter : meters)
      if (meter.is_used_up()) at = std::max(at, meter.began + meter.length);
    return at;
  }
  QuotaReading reading(milliseconds now) const {
    QuotaReading reading{.windows = {}, .overage = {}, .heard_at = now, .source = "call"};
    for (const Meter& meter : meters)
      reading.windows.push_back({meter.name, 1 - meter.left(), meter.began + meter.length, meter.length});
    return reading;
  }
  double left() const {
    double least = 1;
    for (const Meter& meter : meters) least = std::min(least, meter.left());
    return least;
  }
};

std::vector<Service> subscriptions() {
  return {{"claude", {{"five_hour", 5h, 40, true}, {"seven_day", kWeek, 350, false}}},
          {"codex", {{"five_hour", 5h, 50, true}, {"seven_day", kWeek, 400, false}}},
          {"gemini", {{"24h", kDay, 60, false}}}};
}

struct Event {
  milliseconds at{0};
  std::string interactive;  // the CLI that the person uses directly; empty: a delegated call
  double units = 1;
  bool is_light = false;
};

/// What one person does in a week.
class Trace {
 public:
  explicit Trace(std::uint64_t seed) : random_(seed) {
    for (int day = 0; day < 7; ++day) add_day(kMonday + day * kDay, day < 5);
    std::stable_sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  }
  const std::vector<Event>& events() const { return events_; }

 private:
  void add_day(milliseconds midnight, bool works) {
    for (const auto& [from, to] : {std::pair<milliseconds, milliseconds>{9h, 12h + 30min}, {13h + 30min, 18h}}) {
      add_stream(midnight + from, midnight + to, works ? 8 : 1, "claude", 0.6);
      add_stream(midnight + from, midnight + to, works ? 2 : 0.5, "codex", 0.6);
      add_stream(midnight + from, midnight + to, works ? 6 : 0.5, "", 1);
    }
    if (!works) return;
    for (int burst = 0; burst < 2; ++burst) add_bulk(midnight + 10h + scaled(7h, uniform()), 30min, 25, 0.4, true);
    add_bulk(midnight + 22h, 2h, 15, 1.2, false);
  }
  void add_stream(milliseconds from, milliseconds to, double per_hour, const std::string& interactive, double mean) {
    for (milliseconds at = from;;) {
      at += scaled(1h, -std::log(1 - uniform()) / per_hour);
      if (at >= to) return;
      events_.push_back({at, interactive, size(mean), interactive.empty() && uniform() < 0.5});
    }
  }
  void add_bulk(milliseconds from, milliseconds within, int count, double mean, bool is_light) {
    for (int i = 0; i < count; ++i) events_.push_back({from + scaled(within, uniform()), "", size(mean), is_light});
  }
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }
  /// Log-normal: most calls are small, a few are ten times the average.
  double size(double mean) {
    const double normal = std::sqrt(-2 * std::log(1 - uniform())) * std::cos(6.283185307179586 * uniform());
    return mean * std::exp(0.8 * normal - 0.32);
  }

  std::mt19937_64 random_;
  std::vector<Event> events_;
};

/// The settings of one row of the table.
struct Policy {
  const char* name;
  std::vector<WindowShare> reserve;
  std::vector<WindowShare> reserve_light;
  bool balances = false;
};

struct Figures {
  double delegated = 0;
  double walls = 0;  // delegated calls that ran into a used-up window
  double local = 0;  // … that the local model answered
  double turns = 0;  // of the person
  double blocked = 0;
  std::vector<double> left;              // of claude's scarcest window, at each of the person's turns to it
  std::map<int, double> left_by_hour{};  // of claude's week
};

class Week {
 public:
  Week(const Policy& policy, Figures& figures) : policy_(policy), figures_(figures) {}

  void run(const Trace& trace) {
    int hour = 0;
    for (const Event& event : trace.events()) {
      for (; kMonday + hour * 1h <= event.at; ++hour) note_hour(hour);
      for (Service& service : services_) service.renew(event.at);
      if (event.interactive.empty()) delegate_call(event);
      else take_turn(event);
    }
    for (; hour < 7 * 24; ++hour) note_hour(hour);
  }

 private:
  struct Known {
    Breaker breaker;
    Quota quota;
  };

  Service& service(const std::string& name) {
    return *std::find_if(services_.begin(), services_.end(), [&](const Service& one) { return one.name == name; });
  }
  void note_hour(int hour) {
    Service& claude = service("claude");
    claude.renew(kMonday + hour * 1h);
    figures_.left_by_hour[hour] += claude.meters.back().left();
  }

  void take_turn(const Event& event) {
    Service& used = service(event.interactive);
    ++figures_.turns;
    if (event.interactive == "claude") figures_.left.push_back(used.left());
    if (used.is_used_up()) ++figures_.blocked;
    else used.take(event.units);
  }

  void delegate_call(const Event& event) {
    ++figures_.delegated;
    for (const std::string& name : order(event))
      if (!is_reserved(name, event) && is_answered_by(name, event)) return;
    ++figures_.local;
  }

  const std::vector<WindowShare>& reserve(const Event& event) const {
    return event.is_light && !policy_.reserve_light.empty() ? policy_.reserve_light : policy_.reserve;
  }
  bool is_reserved(const std::string& name, const Event& event) {
    return below_reserve(current_windows(known_[name].quota, event.at), reserve(event), "").has_value();
  }
  std::vector<std::string> order(const Event& event) {
    std::vector<Equal> equals;
    for (const Service& one : services_) {
      const auto windows = current_windows(known_[one.name].quota, event.at);
      Equal equal{.name = one.name, .headroom = headroom(windows, "", event.at)};
      for (const WindowView& window : windows)
        equal.last_used = std::max(equal.last_used.value_or(window.heard_at), window.heard_at);
      equal.is_reserved = is_reserved(one.name, event);
      equals.push_back(std::move(equal));
    }
    if (policy_.balances) return balanced(equals);
    std::vector<std::string> names;
    for (const Equal& one : equals) names.push_back(one.name);
    return names;
  }

  bool is_answered_by(const std::string& name, const Event& event) {
    Service& asked = service(name);
    Known& known = known_[name];
    const HostTime now{"simulated", event.at, event.at};
    const auto permit =
        try_acquire(known.breaker, now, {.owner = {}, .token = "t", .lease = 10min}, [](const ProcessId&) {
          return false;
        }).ticket;
    if (permit.kind == PermitKind::denied) return false;
    const bool answers = !asked.is_used_up();
    if (answers) asked.take(event.units);
    else ++figures_.walls;
    const OutcomeTraits& end = traits(answers ? Outcome::answered : Outcome::quota_exhausted);
    CallReport report{.verdict = end.on_call, .trip = end.trip, .outcome = std::string(end.name), .message = {}};
    if (!answers) report.retry_after = asked.back_at() - event.at;
    settle(known.breaker, {}, now, permit, report);
    merge(known.quota, asked.reading(event.at), event.at);
    return answers;
  }

  const Policy& policy_;
  Figures& figures_;
  std::vector<Service> services_ = subscriptions();
  std::map<std::string, Known> known_;
};

std::vector<Policy> policies() {
  const std::vector<WindowShare> per_window{{"five_hour", 0.10}, {"seven_day", 0.20}, {"24h", 0.05}};
  return {{"in order (no settings)", {}, {}},
          {"reserve 15 %", {{"", 0.15}}, {}},
          {"reserve 30 %", {{"", 0.30}}, {}},
          {"reserve 10 % of 5 h, 20 % of the week", per_window, {}},
          {"reserve 15 %, 40 % for light tasks", {{"", 0.15}}, {{"", 0.40}}},
          {"headroom", {}, {}, true},
          {"headroom, reserve 15 %", {{"", 0.15}}, {}, true},
          {"headroom, reserve 15 %, 40 % for light tasks", {{"", 0.15}}, {{"", 0.40}}, true}};
}

Figures simulated(const Policy& policy, int weeks) {
  Figures figures;
  for (int seed = 1; seed <= weeks; ++seed) Week(policy, figures).run(Trace(static_cast<std::uint64_t>(seed)));
  return figures;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double one : values) sum += one;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double percentile(std::vector<double> values, double share) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void print_table(int weeks) {
  std::printf(
      "| setting | walls hit | own turns blocked | left of claude, mean | in the worst tenth | local answers |\n");
  std::printf("|---|---|---|---|---|---|\n");
  for (const Policy& policy : policies()) {
    const Figures all = simulated(policy, weeks);
    std::printf("| %s | %.1f | %.1f of %.0f | %.0f %% | %.0f %% | %.1f of %.0f |\n", policy.name, all.walls / weeks,
                all.blocked / weeks, all.turns / weeks, 100 * mean(all.left), 100 * percentile(all.left, 0.1),
                all.local / weeks, all.delegated / weeks);
  }
}

void print_series(int weeks) {
  std::printf("hour,setting,left\n");
  for (const Policy& policy : policies())
    for (const auto& [hour, sum] : simulated(policy, weeks).left_by_hour)
      std::printf("%d,\"%s\",%.4f\n", hour, policy.name, sum / weeks);
}

}  // namespace

int main(int count, char** arguments) {
  const bool wants_series = count > 1 && std::string_view(arguments[1]) == "--series";
  const char* number = arguments[wants_series ? 2 : 1];
  const int weeks = number != nullptr ? std::atoi(number) : 200;
  if (weeks < 1) return std::fprintf(stderr, "quota_week: '%s': not a number of weeks\n", number), 2;
  if (wants_series) print_series(weeks);
  else print_table(weeks);
}
