#pragma once
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/capabilities.hpp"
#include "core/base/result.hpp"
#include "core/quota/budget.hpp"
#include "core/quota/reserve.hpp"

// The configuration, typed and validated. Its values can be used without further checks.
namespace delegate {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// Where a value was set, weakest layer first.
enum class Layer { built_in, user_file, project_file, environment };

struct Origin {
  Layer layer = Layer::built_in;
  std::string source;  // file path or variable name; empty for built-in
  int line = 0;        // of a file, from 1; 0: not known
  int column = 0;
};
/// `path:3:14`, `environment DELEGATE_…`, `built-in`.
std::string to_string(const Origin& origin);

struct BreakerSettings {
  int threshold = 3;                    // consecutive counted failures
  milliseconds cooldown = 60s;          // open -> half-open; 0: probe at once
  milliseconds max_cooldown = 15min;    // the cooldown doubles after each failed probe, up to this
  milliseconds failure_window = 30min;  // failures further apart are not consecutive; 0: no limit
  milliseconds probe_timeout = 20s;     // how long a call waits for its probe before it also tries the next backend
  milliseconds max_retry_after = 24h;   // the longest that a stated end of a limit is trusted
  milliseconds quota_cooldown = 1h;     // open -> half-open after a used-up quota without a stated end
  milliseconds slow_probe = 5min;       // first of the cheap probes before that end; 0: none

  bool operator==(const BreakerSettings&) const = default;
};

struct GraceSettings {
  milliseconds window = 2s;
  int max_streak = 3;

  bool operator==(const GraceSettings&) const = default;
};

/// Backends in the order in which they are tried.
struct BackendOrder {
  std::vector<std::string> names;
  /// Some of them that follow one another and are equals: router.balance decides which of them goes first.
  std::vector<std::vector<std::string>> equals = {};

  bool operator==(const BackendOrder&) const = default;
};

struct RouterSettings {
  BackendOrder order = {.names = {"claude", "codex", "gemini", "ollama"}};
  BackendOrder order_light;  // empty: as order
  std::vector<std::string> heavy_types = {"review", "diagnose", "improve", "test"};
  std::string local = "ollama";
  bool fallback = true;
  std::string balance = "order";    // among equals: order, or headroom (what is left of their windows)
  std::string reserve_is = "firm";  // once all others have failed, a reserve is kept (firm) or used (soft)
  bool warm_up = true;              // load the local model when a backend's breaker opens
  milliseconds timeout = 15min;     // the whole run, all candidates together
  int max_depth = 2;                // how deep delegations may nest (an agent that delegates to itself)

  bool operator==(const RouterSettings&) const = default;
};

/// What an error text can mean.
inline constexpr std::array<std::string_view, 10> kFailureOutcomes = {
    "unauthenticated",  "quota_exhausted",   "rate_limited",   "overloaded", "model_rejected",
    "context_too_long", "refused_by_policy", "exited_nonzero", "bad_output", "unreachable"};

/// A wording that delegate does not know: error text that matches `match` (PCRE) means `outcome` (by name).
struct FailureRule {
  std::string match;
  std::string outcome;

  bool operator==(const FailureRule&) const = default;
};

/// What a backend of the kind "command" can be said to do; see core/base/capabilities.hpp.
inline constexpr std::array<std::string_view, 3> kCommandCapabilities = {
    to_string(Capability::read_files), to_string(Capability::write_files), to_string(Capability::run_commands)};

/// One of several logins of a CLI, each with its own breaker. Its environment variables make the CLI use it.
struct Login {
  std::string name;
  std::map<std::string, std::string> env;  // "$NAME" is the caller's variable NAME, "~/" the caller's HOME

  bool operator==(const Login&) const = default;
};

/// What a call can name: a backend, or one of its logins, such as "claude@work".
struct CandidateName {
  std::string backend;
  std::string login;  // empty: none named
};
CandidateName candidate_name(std::string_view text);

/// How far a call is not to be believed about its backend.
enum class Distrust { nothing, clocks, everything };  // clocks: that it took too long
/// What a project's file that is not trusted has changed of the calls of a backend.
struct UntrustedChanges {
  Distrust distrust = Distrust::nothing;
  std::string file;
  std::vector<std::string> keys;  // dotted

  bool operator==(const UntrustedChanges&) const = default;
};

struct BackendSettings {
  std::string name;
  std::string kind;  // claude | codex | gemini | ollama | openai | command
  bool enabled = true;
  std::vector<std::string> command;  // executable (name on PATH or absolute) and fixed arguments
  std::string model;                 // empty: the backend's own default
  // Model for each --tier (codex: reasoning effort); empty: its default (ollama: chosen by size).
  std::string tier_small;
  std::string tier_medium;
  std::string tier_large;
  milliseconds timeout = 10min;  // one attempt
  milliseconds first_output_timeout = 60s;
  milliseconds idle_timeout = 180s;
  int max_parallel = 3;
  std::string when_full = "reject";        // with all slots in use: reject or wait
  std::vector<std::string> env_keep;       // key-like variables that the child may see
  std::vector<Login> logins;               // tried in this order; empty: the CLI's own
  std::vector<FailureRule> failures;       // tried in this order, before the built-in wordings
  BreakerSettings breaker;                 // [breaker], overridden by this backend's own keys
  std::vector<WindowShare> reserve;        // of each quota window, what `auto` leaves
  std::vector<WindowShare> reserve_light;  // the same for light tasks; empty: as reserve
  std::string overage = "warn";            // extra billing beyond the windows: allow, warn or avoid
  std::optional<double> price_input;       // USD for a million tokens; absent: unknown
  std::optional<double> price_output;
  BudgetSettings budget;
  UntrustedChanges changed_by;  // what its calls say then counts for their run only
  // HTTP kinds
  std::string url;                   // empty: the kind's own default (ollama: OLLAMA_HOST)
  milliseconds load_timeout = 5min;  // until its model is loaded; does not count as a failure
  std::string api_key_env;           // the variable that holds the bearer token; empty: none is sent
  int num_ctx = 0;                   // ollama: context window in tokens; 0: the server's own, enlarged if needed
  int max_tokens = 0;                // per answer; 0: the server's own limit
  // kind "command"
  std::string prompt = "stdin";  // stdin | file
  std::string answer = "text";   // text | json:/pointer | jsonl:/pointer
  std::vector<std::string> can;  // of kCommandCapabilities

  bool operator==(const BackendSettings&) const = default;
};

struct StateSettings {
  std::string store = "sqlite";                  // sqlite | memory
  std::string path;                              // empty: $XDG_STATE_HOME/delegate/state.db
  std::string url = "redis://127.0.0.1:6379/0";  // accepted, not used

  bool operator==(const StateSettings&) const = default;
};

/// What a breaker can open with, by name.
inline constexpr std::array<std::string_view, 17> kTripOutcomes = {
    "unauthenticated", "quota_exhausted", "rate_limited", "overloaded", "server_error",     "unreachable",
    "connect_timeout", "dropped",         "send_failed",  "timed_out",  "timed_out_active", "idle_timed_out",
    "stalled_tool",    "exited_nonzero",  "lost_result",  "bad_output", "rejects_requests"};

struct NotifySettings {
  bool desktop = true;
  std::vector<std::string> hook;
  milliseconds hook_timeout = 5s;
  bool hook_and_desktop = false;  // false: a notification that the hook accepted is shown nowhere else
  std::vector<std::string> on = {"trip", "recovery", "canary", "quota"};
  std::vector<std::string> quota_shares = {"80%", "95%"};  // of a window that are announced once they are used
  std::vector<std::string> mute_outcomes;                  // of kTripOutcomes: outages that are only recorded
  std::vector<std::string> mute_backends;                  // a backend stands for all of its logins
  std::string quiet_hours;                                 // "22:00-07:00", local time; empty: none
  std::vector<std::string> urgency_low = {"quota_exhausted", "rate_limited", "overloaded", "server_error"};
  std::vector<std::string> urgency_critical;
  int damping_trips = 3;  // of one backend within damping_within, then only recorded; 0: announce every trip
  milliseconds damping_within = 30min;

  bool operator==(const NotifySettings&) const = default;
};

/// For optional steps of a run, see core/run/guards.hpp.
struct GuardSettings {
  int threshold = 3;                // failures in a row
  milliseconds reset_after = 5min;  // until a paused one is tried again; 0: only after a manual reset

  bool operator==(const GuardSettings&) const = default;
};

struct HistorySettings {
  int limit = 1000;  // runs kept
  bool keep_prompts = false;
  bool keep_answers = false;
  int summary = 80;                 // characters of each prompt; 0: none, also after `keep_prompts = false` in a file
  milliseconds last_answers = 24h;  // each is kept for; 0: none, also after `keep_answers = false` in a file

  bool operator==(const HistorySettings&) const = default;
};

struct OutputSettings {
  std::string markdown = "auto";  // laid out: on a terminal, always or never
  std::string pager;  // shows a long answer that is printed at once, on a terminal; a line for sh; empty: none

  bool operator==(const OutputSettings&) const = default;
};

struct BackgroundSettings {
  int max_parallel = 4;             // runs at the same time on this host; more wait
  milliseconds keep = 168h;         // how long the result of a run can be fetched
  int max_queued = 10'000;          // runs that wait
  std::string on_open = "reroute";  // what a queued run does while breakers are open: wait, reroute or fail
  milliseconds max_wait = 1h;  // with "wait", counted from its submission; also for one whose process cannot be started

  bool operator==(const BackgroundSettings&) const = default;
};

struct CanarySettings {
  milliseconds interval = 5min;  // between the checks that a long-lived server starts; 0: none

  bool operator==(const CanarySettings&) const = default;
};

struct Config {
  RouterSettings router;
  BreakerSettings breaker;
  GraceSettings grace;
  std::map<std::string, BackendSettings> backends;  // by name; the four built-in ones are always there
  StateSettings state;
  NotifySettings notify;
  GuardSettings guards;
  HistorySettings history;
  OutputSettings output;
  BackgroundSettings background;
  CanarySettings canary;
  BudgetSettings budget;                  // of all backends together, but router.local
  std::map<std::string, Origin> origins;  // dotted key -> where it was set; absent: built-in

  Origin origin(const std::string& key) const;
  /// Of a backend, or of one of its logins; null: there is none of this name.
  const BackendSettings* backend(const std::string& name) const;
  /// What a name stands for: the logins of a backend that has any, else itself.
  std::vector<std::string> candidates(const std::string& name) const;
  /// Everything that a call can name, sorted.
  std::vector<std::string> candidates() const;
};

/// The configuration with no file and no environment.
Config built_in_config();

}  // namespace delegate
