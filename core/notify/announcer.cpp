#include "core/notify/announcer.hpp"

#include <algorithm>

#include "core/base/exit_code.hpp"
#include "core/notify/channels.hpp"
#include "core/notify/desktop_channel.hpp"
#include "core/os/launch.hpp"
#include "core/os/terminal.hpp"
#include "core/run/check.hpp"
#include "core/run/prepared_ask.hpp"
#include "core/state/shared_drops.hpp"

namespace delegate::notify {
namespace {

/// Trips close together share one notification, so the announcer waits until no new one has come for a while. A broken
/// CLI takes some time to fail, and a call then tries the next one.
constexpr milliseconds kQuiet{1'500};
constexpr milliseconds kLongestGather{10'000};
constexpr milliseconds kPollInterval{300};

constexpr milliseconds kServerTimeout{1'000};

/// Sends every pending notification once.
class Announcer {
 public:
  Announcer(const ProcessFacts& process, const Engine& engine) : process_(process), engine_(engine) {}

  int run() {
    if (engine_.store == nullptr) return kAnswered;
    for (;;) {
      auto claim = claim_rows();
      if (!claim) return kInternal;
      if (claim->other) {
        if (!may_have_died_unnoticed(*claim->other) || !pause()) return kAnswered;
        continue;
      }
      if (!claim->mine.empty() && !gather()) return kAnswered;
      if (!clear_desktop()) return kInternal;
      if (claim->mine.empty()) return kAnswered;
      if (!announce_all()) return kInternal;
    }
  }

 private:
  struct Claim {
    NotificationRows mine;
    std::optional<ProcessId> other;  // another announcer that is at work
  };

  /// Fails closed: without certainty that no other process announces it nothing is sent, because twice is worse than
  /// never.
  Result<Claim> claim_rows() {
    const auto update = [&]() -> Result<Claim> {
      Claim claim;
      TRY_STATUS(engine_.store->change_notifications([&](NotificationRows& rows, const HostTime& now) {
        const auto gone = [&](const ProcessId& who) { return engine_.breakers.is_dead(who); };
        claim.other = other_sender(rows, me(), gone, now);
        claim.mine = claim_pending(rows, me(), gone, now);
      }));
      return claim;
    };
    return guard_fail_closed(engine_.guards, "notify_claim", update);
  }

  /// A live announcer checks for new records before it exits, so there is nothing to do. The death of one in another
  /// pid namespace cannot be seen from here, so this process waits until its claim has expired.
  bool may_have_died_unnoticed(const ProcessId& other) const {
    return other.pid_namespace != me().pid_namespace && !longest_wait_.passed();
  }

  /// False: interrupted; the next announcer sends it.
  bool pause() const { return !process_.interrupted.cancelled_within(kPollInterval); }

  bool gather() {
    const Deadline longest = Deadline::in(kLongestGather);
    for (Deadline quiet = Deadline::in(kQuiet); !quiet.passed() && !longest.passed();) {
      if (!pause()) return false;
      const auto late = claim_rows();
      if (late && !late->mine.empty()) quiet = Deadline::in(kQuiet);
    }
    return true;
  }

  bool announce_all() {
    const std::vector<Channel> channels = channels_of(process_, engine_.config.notify, engine_.redact);
    const FallbackFacts facts = fallback_facts();
    for (const char* kind : {"trip", "recovery", "canary"}) {
      if (process_.interrupted.cancelled()) return false;  // the next announcer sends the rest
      NotificationRows mine;
      NotificationRows all;
      const Status begun = engine_.store->change_notifications([&](NotificationRows& rows, const HostTime&) {
        mine = begin_sending(rows, kind, me());
        all = rows;
      });
      if (!begun) return false;
      for (const Announcement& one : announcements_of(mine, all, facts))
        if (!announce_one(one, channels)) return false;
    }
    return true;
  }

  bool announce_one(const Announcement& one, const std::vector<Channel>& channels) {
    const bool wanted = is_wanted(one.kind) && !channels.empty();
    return record_result(
        one, wanted ? deliver(channels, engine_.guards, one)
                    : DeliveryResult{.delivery = DeliveryState::unwanted, .detail = "not enabled in [notify]"});
  }

  /// Closes notifications that are out of date, each once.
  bool clear_desktop() {
    const auto all = engine_.store->notifications();
    if (!all) return false;
    const std::vector<std::string> handles = stale_handles(*all);
    if (handles.empty()) return true;
    guard_fail_open(engine_.guards, "notify_desktop",
                    [&] { return close_on_desktop(process_, engine_.redact, handles); });
    const auto forget = [&](NotificationRows& rows, const HostTime&) {
      for (NotificationRow& row : rows)
        if (std::find(handles.begin(), handles.end(), row.handle) != handles.end()) row.handle.clear();
    };
    return engine_.store->change_notifications(forget).has_value();
  }

  bool record_result(const Announcement& announced, const DeliveryResult& result) {
    return engine_.store
        ->change_notifications([&](NotificationRows& rows, const HostTime& now) {
          for (NotificationRow row : announced.rows) {
            if (announced.rows.size() == 1) row.message = announced.text.message;
            row.delivery = result.delivery;
            row.channel = result.channel;
            row.detail = result.detail;
            row.handle = result.handle;
            if (result.delivery == DeliveryState::delivered) row.delivered_at = now.wall;
            note_delivery(rows, row, now);
          }
        })
        .has_value();
  }

  const ProcessId& me() const { return engine_.breakers.self(); }

  bool is_wanted(const std::string& kind) const {
    const auto& on = engine_.config.notify.on;
    return std::find(on.begin(), on.end(), kind) != on.end();
  }

  FallbackFacts fallback_facts() const {
    FallbackFacts facts{.now = engine_.clock.now().wall};
    const auto reading = engine_.breakers.read();
    const PreparedAsk prepared = prepare_ask(engine_, Request{});
    for (const RouteStep& step : prepared.plan.steps) {
      const auto found = reading ? reading->backends.find(step.backend) : BackendStates::const_iterator{};
      const bool known = reading && found != reading->backends.end();
      if (known && is_blocked_by_breaker(found->second.breaker)) continue;
      const auto& here = prepared.candidates.at(step.backend);
      if (here && is_reachable(here->candidate, process_.interrupted, kServerTimeout))
        facts.answering.push_back(step.backend);
    }
    return facts;
  }

  static bool is_blocked_by_breaker(const Breaker& breaker) {
    return breaker.state == BreakerState::open || breaker.state == BreakerState::half_open ||
           breaker.state == BreakerState::forced_open;
  }

  const ProcessFacts& process_;
  const Engine& engine_;
  Deadline longest_wait_ = Deadline::in(kLongestSending + kQuiet);
};

}  // namespace

void start_announcer(const ProcessFacts& process, const OwnCommand& self) {
  Program program{.executable = self.executable, .argv = {"delegate"}, .env = process.variables()};
  program.argv.insert(program.argv.end(), self.options.begin(), self.options.end());
  program.argv.emplace_back("announce");
  // Keep stderr only if it is a terminal: an open end of a pipe in a long-lived process would keep its reader waiting.
  const int err = is_terminal(process.err) ? process.err : -1;
  static_cast<void>(start_detached(program, err));  // on failure the notifications stay pending
}

void announce_pending(const ProcessFacts& process, const OwnCommand& self, const Engine& engine) {
  const bool is_shared = engine.config.state.store != "memory";
  if (engine.store == nullptr || !is_shared) return;
  const auto is_pending_orphan = [&, now = process.clock.now()](const NotificationRow& row) {
    return is_orphaned(
        row, [&](const ProcessId& who) { return engine.breakers.is_dead(who); }, now);
  };
  const auto rows = engine.store->notifications();
  if (rows && std::any_of(rows->begin(), rows->end(), is_pending_orphan)) start_announcer(process, self);
}

int announce(const ProcessFacts& process, const Engine& engine) { return Announcer(process, engine).run(); }

}  // namespace delegate::notify
