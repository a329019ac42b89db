#include "core/config/schema.hpp"

#include <array>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/config/checks.hpp"
#include "core/config/schema_fields.hpp"

namespace delegate::config {
namespace {

constexpr std::array<std::string_view, 8> kTaskTypes = {"summarize", "explain", "docstring", "review",
                                                        "ask",       "test",    "diagnose",  "improve"};
constexpr std::array<std::string_view, 4> kOccasions = {"trip", "recovery", "canary", "quota"};
constexpr std::array<std::string_view, 2> kBalances = {"order", "headroom"};
constexpr std::array<std::string_view, 2> kReserveKinds = {"firm", "soft"};

using Router = RouterSettings;
constexpr Field<Router> kRouter[] = {
    {{.name = "order",
      .doc = "backends to try, first to last; those in a list inside of it are equals",
      .untrusted = UntrustedUse::reorder},
     &Router::order},
    {{.name = "order_light", .doc = "the same for light tasks; empty: use order", .untrusted = UntrustedUse::reorder},
     &Router::order_light},
    {{.name = "heavy_types",
      .doc = "task types that use order, not order_light",
      .choices = kTaskTypes,
      .untrusted = UntrustedUse::harmless},
     &Router::heavy_types},
    {{.name = "local",
      .doc = "local model to try when every other backend is skipped or failed; empty: none",
      .untrusted = UntrustedUse::reorder},
     &Router::local},
    {{.name = "fallback", .doc = "try the next backend when one fails", .untrusted = UntrustedUse::turn_off},
     &Router::fallback},
    {{.name = "balance",
      .doc = "which of several equals is tried first: order, or headroom (what is left of their quota windows)",
      .choices = kBalances,
      .untrusted = UntrustedUse::harmless},
     &Router::balance},
    {{.name = "reserve_is",
      .doc = "once all others have failed: firm keeps a reserve, soft uses it",
      .choices = kReserveKinds,
      .untrusted = UntrustedUse::ignored},
     &Router::reserve_is},
    {{.name = "warm_up",
      .doc = "load the local model when a backend's breaker opens",
      .untrusted = UntrustedUse::turn_off},
     &Router::warm_up},
    {{.name = "timeout",
      .doc = "time limit of a whole run, over all backends",
      .min = 1,
      .max = kDay,
      .untrusted = UntrustedUse::this_run},
     &Router::timeout},
    {{.name = "max_depth",
      .doc = "how many levels deep delegations may nest",
      .min = 1,
      .max = 16,
      .untrusted = UntrustedUse::refused},
     &Router::max_depth},
};

using Breaker = BreakerSettings;
constexpr Field<Breaker> kBreaker[] = {
    {{.name = "threshold",
      .doc = "counted failures in a row that open the breaker",
      .min = 1,
      .max = 1000,
      .below_min = "to switch a breaker off: delegate breaker disable NAME",
      .untrusted = UntrustedUse::ignored},
     &Breaker::threshold},
    {{.name = "cooldown",
      .doc = "time from opening to the first probe; 0: probe at once",
      .max = kDay,
      .untrusted = UntrustedUse::ignored},
     &Breaker::cooldown},
    {{.name = "max_cooldown",
      .doc = "the cooldown doubles after each failed probe, up to this limit",
      .max = kDay,
      .untrusted = UntrustedUse::ignored},
     &Breaker::max_cooldown},
    {{.name = "failure_window",
      .doc = "failures older than this do not count; 0: no limit",
      .untrusted = UntrustedUse::ignored},
     &Breaker::failure_window},
    {{.name = "probe_timeout",
      .doc = "how long a call waits for its probe before it also tries the next backend",
      .max = kDay,
      .untrusted = UntrustedUse::harmless},
     &Breaker::probe_timeout},
    {{.name = "max_retry_after",
      .doc = "longest time to wait for the stated end of a rate limit before a call probes",
      .max = 7 * kDay,
      .untrusted = UntrustedUse::ignored},
     &Breaker::max_retry_after},
    {{.name = "quota_cooldown",
      .doc =
          "the cooldown after a used-up quota that states no end, at most max_retry_after; 0: one failure like others",
      .max = 7 * kDay,
      .untrusted = UntrustedUse::ignored},
     &Breaker::quota_cooldown},
    {{.name = "slow_probe",
      .doc = "time to the first limit probe, which checks whether a limit was lifted early; 0: none",
      .max = kDay,
      .untrusted = UntrustedUse::ignored},
     &Breaker::slow_probe},
};

using Grace = GraceSettings;
constexpr Field<Grace> kGrace[] = {
    {{.name = "window",
      .doc = "connections lost within this time after the first loss do not count",
      .untrusted = UntrustedUse::ignored},
     &Grace::window},
    {{.name = "max_streak",
      .doc = "from this burst of lost connections in a row on, each counts as one failure; 0: never",
      .max = 1000,
      .untrusted = UntrustedUse::ignored},
     &Grace::max_streak},
};

using State = StateSettings;
constexpr Field<State> kState[] = {
    {{.name = "store",
      .doc = "where breakers and runs are stored",
      .check = check_store,
      .untrusted = UntrustedUse::refused},
     &State::store},
    {{.name = "path",
      .doc = "path of the database; empty: $XDG_STATE_HOME/delegate/state.db",
      .check = check_path,
      .untrusted = UntrustedUse::refused},
     &State::path},
    {{.name = "url",
      .doc = "address of a shared store; has no effect",
      .untrusted = UntrustedUse::refused,
      .without_effect = "this build has no shared store"},
     &State::url},
};

using Notify = NotifySettings;
constexpr Field<Notify> kNotify[] = {
    {{.name = "desktop", .doc = "show notifications on the desktop", .untrusted = UntrustedUse::refused},
     &Notify::desktop},
    {{.name = "hook",
      .doc = "command that gets each notification as JSON on stdin",
      .check_list = check_hook,
      .untrusted = UntrustedUse::refused},
     &Notify::hook},
    {{.name = "hook_timeout",
      .doc = "how long the hook may take",
      .min = 100,
      .max = 30'000,
      .untrusted = UntrustedUse::refused},
     &Notify::hook_timeout},
    {{.name = "hook_and_desktop",
      .doc = "also show on the desktop what the hook has accepted",
      .untrusted = UntrustedUse::refused},
     &Notify::hook_and_desktop},
    {{.name = "on",
      .doc = "events that send a notification",
      .choices = kOccasions,
      .untrusted = UntrustedUse::refused},
     &Notify::on},
    {{.name = "quota_shares",
      .doc = "shares of a quota window that are announced once they are used, like [\"80%\", \"95%\"]; empty: none",
      .check = check_share,
      .untrusted = UntrustedUse::refused},
     &Notify::quota_shares},
    {{.name = "mute_outcomes",
      .doc = "causes whose outages are only recorded, by the name of the outcome",
      .choices = kTripOutcomes,
      .untrusted = UntrustedUse::refused},
     &Notify::mute_outcomes},
    {{.name = "mute_backends",
      .doc = "backends, or logins like claude@work, whose outages are only recorded",
      .check_list = check_unique,
      .untrusted = UntrustedUse::refused},
     &Notify::mute_backends},
    {{.name = "quiet_hours",
      .doc = "local time in which nothing is sent; ongoing outages are announced afterwards; empty: none",
      .check = check_quiet_hours,
      .untrusted = UntrustedUse::refused},
     &Notify::quiet_hours},
    {{.name = "urgency.low",
      .doc = "causes whose notification has low urgency",
      .choices = kTripOutcomes,
      .untrusted = UntrustedUse::refused},
     &Notify::urgency_low},
    {{.name = "urgency.critical",
      .doc = "causes whose notification is critical: it stays until dismissed, also in do-not-disturb mode",
      .choices = kTripOutcomes,
      .untrusted = UntrustedUse::refused},
     &Notify::urgency_critical},
    {{.name = "damping.trips",
      .doc = "outages of a backend within damping.within after which it is announced as unstable and further ones are "
             "only recorded; 0: announce all",
      .max = 20,
      .untrusted = UntrustedUse::refused},
     &Notify::damping_trips},
    {{.name = "damping.within",
      .doc = "the time in which they are counted, and without an outage after which they are announced again",
      .min = 60'000,
      .max = kDay,
      .untrusted = UntrustedUse::refused},
     &Notify::damping_within},
};

constexpr Field<GuardSettings> kGuards[] = {
    {{.name = "threshold",
      .doc = "failures in a row after which a side job is paused",
      .min = 1,
      .max = 1000,
      .untrusted = UntrustedUse::refused},
     &GuardSettings::threshold},
    {{.name = "reset_after",
      .doc = "how long a side job is paused; 0: until `delegate guard reset`",
      .max = 366 * kDay,
      .untrusted = UntrustedUse::refused},
     &GuardSettings::reset_after},
};

using History = HistorySettings;
constexpr Field<History> kHistory[] = {
    {{.name = "limit", .doc = "number of runs to keep", .max = 10'000'000, .untrusted = UntrustedUse::refused},
     &History::limit},
    {{.name = "keep_prompts", .doc = "also keep the prompts", .untrusted = UntrustedUse::refused},
     &History::keep_prompts},
    {{.name = "keep_answers", .doc = "also keep the answers", .untrusted = UntrustedUse::refused},
     &History::keep_answers},
    {{.name = "summary",
      .doc = "keep this many characters of each prompt; 0: none",
      .max = 1000,
      .untrusted = UntrustedUse::refused},
     &History::summary},
    {{.name = "last_answers",
      .doc = "keep each answer this long; 0: not at all",
      .max = 366 * kDay,
      .untrusted = UntrustedUse::refused},
     &History::last_answers},
};

constexpr std::string_view kOnOpen[] = {"reroute", "wait", "fail"};
constexpr std::string_view kMarkdownModes[] = {"auto", "always", "never"};
using OutputKeys = OutputSettings;
constexpr Field<OutputKeys> kOutput[] = {
    {{.name = "markdown",
      .doc = "lay out the Markdown of answers: auto (on a terminal), always or never",
      .choices = kMarkdownModes,
      .untrusted = UntrustedUse::harmless},
     &OutputKeys::markdown},
    {{.name = "pager",
      .doc = "a command for sh that shows answers longer than the terminal, such as \"less -R\"; empty: none",
      .untrusted = UntrustedUse::refused},
     &OutputKeys::pager},
};

using Background = BackgroundSettings;
constexpr Field<Background> kBackground[] = {
    {{.name = "max_parallel",
      .doc = "background runs at the same time; more are queued",
      .min = 1,
      .max = 1000,
      .untrusted = UntrustedUse::refused},
     &Background::max_parallel},
    {{.name = "keep",
      .doc = "how long to keep the answer of a background run",
      .min = 1,
      .max = 366 * kDay,
      .untrusted = UntrustedUse::refused},
     &Background::keep},
    {{.name = "max_queued",
      .doc = "background runs that may wait",
      .min = 1,
      .max = 1'000'000,
      .untrusted = UntrustedUse::refused},
     &Background::max_queued},
    {{.name = "on_open",
      .doc = "what a queued run does while a breaker is open: reroute asks the next backend and fails if all are open, "
             "fail does not ask another, wait waits",
      .choices = kOnOpen,
      .untrusted = UntrustedUse::refused},
     &Background::on_open},
    {{.name = "max_wait",
      .doc = "how long a run may wait for a breaker with on_open = \"wait\", and how long one waits whose process "
             "cannot be started",
      .min = 1,
      .max = 366 * kDay,
      .untrusted = UntrustedUse::refused},
     &Background::max_wait},
};

constexpr Field<BudgetSettings> kBudget[] = {
    {{.name = "day",
      .doc = "what may be spent in a day, like \"$5\", \"2M tokens\" or [\"$5\", \"300 calls\"]; empty: no limit",
      .untrusted = UntrustedUse::ignored},
     &BudgetSettings::day},
    {{.name = "week", .doc = "the same in a week, from Monday on", .untrusted = UntrustedUse::ignored},
     &BudgetSettings::week},
    {{.name = "month", .doc = "the same in a calendar month", .untrusted = UntrustedUse::ignored},
     &BudgetSettings::month},
};

constexpr Field<CanarySettings> kCanary[] = {
    {{.name = "interval",
      .doc = "how often `delegate mcp` checks the state of this host, at most each second; 0: never",
      .max = 366 * kDay,
      .untrusted = UntrustedUse::refused},
     &CanarySettings::interval},
};

struct Section {
  std::string_view name;
  void (*keys)(Config&, std::vector<Key>&);
};
constexpr Section kSections[] = {
    {"router", [](Config& c, std::vector<Key>& keys) { add_keys(kRouter, c.router, "", keys); }},
    {"breaker", [](Config& c, std::vector<Key>& keys) { add_keys(kBreaker, c.breaker, "", keys); }},
    {"grace", [](Config& c, std::vector<Key>& keys) { add_keys(kGrace, c.grace, "", keys); }},
    {"state", [](Config& c, std::vector<Key>& keys) { add_keys(kState, c.state, "", keys); }},
    {"notify", [](Config& c, std::vector<Key>& keys) { add_keys(kNotify, c.notify, "", keys); }},
    {"guards", [](Config& c, std::vector<Key>& keys) { add_keys(kGuards, c.guards, "", keys); }},
    {"history", [](Config& c, std::vector<Key>& keys) { add_keys(kHistory, c.history, "", keys); }},
    {"output", [](Config& c, std::vector<Key>& keys) { add_keys(kOutput, c.output, "", keys); }},
    {"background", [](Config& c, std::vector<Key>& keys) { add_keys(kBackground, c.background, "", keys); }},
    {"canary", [](Config& c, std::vector<Key>& keys) { add_keys(kCanary, c.canary, "", keys); }},
    {"budget", [](Config& c, std::vector<Key>& keys) { add_keys(kBudget, c.budget, "", keys); }},
};
constexpr auto kSectionNames = [] {
  std::array<std::string_view, std::size(kSections)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kSections[i].name;
  return names;
}();

}  // namespace

bool Key::applies_to(std::string_view kind) const {
  if (rule->kinds.empty()) return true;
  for (const std::string_view one : split(rule->kinds, ' '))
    if (one == kind) return true;
  return false;
}

std::span<const std::string_view> section_names() { return kSectionNames; }

std::vector<Key> section_keys(Config& config, std::string_view section) {
  std::vector<Key> keys;
  for (const Section& one : kSections)
    if (one.name == section) one.keys(config, keys);
  return keys;
}

std::vector<Key> backend_keys(BackendSettings& backend) {
  std::vector<Key> keys;
  add_own_keys(backend, keys);
  add_keys(kBreaker, backend.breaker, "breaker.", keys);
  add_keys(kBudget, backend.budget, "budget.", keys);
  return keys;
}

}  // namespace delegate::config
