#include "core/notify/announcer.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/exit_code.hpp"
#include "core/notify/channels.hpp"
#include "core/notify/desktop_channel.hpp"
#include "core/os/launch.hpp"
#include "core/os/process.hpp"
#include "core/run/ask.hpp"
#include "core/run/check.hpp"
#include "core/state/shared_drops.hpp"

namespace delegate::notify {
namespace {

/// What trips together is told together: the first waits until none has come for a while. A CLI that is broken takes
/// some time to say so, and a question goes from one to the next.
constexpr milliseconds kQuiet{1'500};
constexpr milliseconds kLongestGather{10'000};
constexpr milliseconds kLook{300};

constexpr milliseconds kServerPatience{1'000};

/// Tells what is owed, all of it, once.
class Announcer {
 public:
  Announcer(const ProcessFacts& process, const Engine& engine) : process_(process), engine_(engine) {}

  int run() {
    if (engine_.store == nullptr) return kAnswered;
    for (;;) {
      auto turn = take();
      if (!turn) return kInternal;
      if (turn->other) {
        if (!may_have_died_unseen(*turn->other) || !pause()) return kAnswered;
        continue;
      }
      if (!turn->mine.empty() && !gather()) return kAnswered;
      if (!clear_desktop()) return kInternal;
      if (turn->mine.empty()) return kAnswered;
      if (!tell_all()) return kInternal;
    }
  }

 private:
  struct Turn {
    NotificationRows mine;
    std::optional<ProcessId> other;  // who tells now
  };

  /// Whoever cannot be sure that nobody else tells it must not: twice is worse than never.
  Result<Turn> take() {
    const auto claim = [&]() -> Result<Turn> {
      Turn turn;
      TRY_STATUS(engine_.store->change_notifications([&](NotificationRows& rows, const HostTime& now) {
        const auto gone = [&](const ProcessId& who) { return engine_.breakers.is_dead(who); };
        turn.other = other_sender(rows, me(), gone, now);
        turn.mine = claim_pending(rows, me(), gone, now);
      }));
      return turn;
    };
    return guard_fail_closed(engine_.guards, "notify_claim", claim);
  }

  /// Another teller looks again before it ends. One in another container may have ended with it, which nobody sees
  /// here: its time is waited for.
  bool may_have_died_unseen(const ProcessId& other) const {
    return other.pid_namespace != me().pid_namespace && !longest_wait_.passed();
  }

  /// False: interrupted; the next announcer tells it.
  bool pause() const {
    pollfd end{process_.interrupted.fd(), POLLIN, 0};
    ::poll(&end, 1, static_cast<int>(kLook.count()));
    return !process_.interrupted.cancelled();
  }

  bool gather() {
    const Deadline longest = Deadline::in(kLongestGather);
    for (Deadline quiet = Deadline::in(kQuiet); !quiet.passed() && !longest.passed();) {
      if (!pause()) return false;
      const auto late = take();
      if (late && !late->mine.empty()) quiet = Deadline::in(kQuiet);
    }
    return true;
  }

  bool tell_all() {
    const std::vector<Channel> channels = channels_of(process_, engine_.config.notify, engine_.redact);
    const Surroundings around = surroundings();
    for (const char* kind : {"trip", "recovery"}) {
      if (process_.interrupted.cancelled()) return false;  // the next announcer tells the rest
      NotificationRows mine;
      NotificationRows all;
      const Status begun = engine_.store->change_notifications([&](NotificationRows& rows, const HostTime&) {
        mine = begin_sending(rows, kind, me());
        all = rows;
      });
      if (!begun) return false;
      for (const Announcement& one : announcements_of(mine, all, around))
        if (!tell_one(one, channels)) return false;
    }
    return true;
  }

  bool tell_one(const Announcement& one, const std::vector<Channel>& channels) {
    const bool wanted = is_wanted(one.kind) && !channels.empty();
    return note(one, wanted ? tell(channels, engine_.guards, one)
                            : Walk{.delivery = DeliveryState::unwanted, .detail = "[notify] does not ask for it"});
  }

  /// What shows something that is over is taken away, once.
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

  bool note(const Announcement& told, const Walk& walk) {
    return engine_.store
        ->change_notifications([&](NotificationRows& rows, const HostTime& now) {
          for (NotificationRow row : told.rows) {
            if (told.rows.size() == 1) row.message = told.words.message;
            row.delivery = walk.delivery;
            row.channel = walk.channel;
            row.detail = walk.detail;
            row.handle = walk.handle;
            if (walk.delivery == DeliveryState::delivered) row.delivered_at = now.wall;
            note_delivery(rows, row);
          }
        })
        .has_value();
  }

  const ProcessId& me() const { return engine_.breakers.self(); }

  bool is_wanted(const std::string& kind) const {
    const auto& on = engine_.config.notify.on;
    return std::find(on.begin(), on.end(), kind) != on.end();
  }

  Surroundings surroundings() const {
    Surroundings around{.now = engine_.clock.now().wall};
    const auto reading = engine_.breakers.read();
    for (const RouteStep& step : plan_for(engine_, Request{}).steps) {
      const auto found = reading ? reading->backends.find(step.backend) : BackendStates::const_iterator{};
      const bool known = reading && found != reading->backends.end();
      if (known && is_off(found->second.breaker)) continue;
      if (is_reachable(engine_, step.backend, process_.interrupted, kServerPatience))
        around.answering.push_back(step.backend);
    }
    return around;
  }

  static bool is_off(const Breaker& breaker) {
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
  // A terminal may be written to; the end of a pipe in a process that goes on would keep its reader waiting.
  const int err = ::isatty(process.err) == 1 ? process.err : -1;
  static_cast<void>(start_detached(program, err));  // what is pending stays pending
}

void announce_left_behind(const ProcessFacts& process, const OwnCommand& self, const Engine& engine) {
  const bool is_shared = engine.config.state.store != "memory";
  if (engine.store == nullptr || !is_shared) return;
  const auto is_left = [&, now = process.clock.now()](const NotificationRow& row) {
    return is_orphaned(
        row, [&](const ProcessId& who) { return engine.breakers.is_dead(who); }, now);
  };
  const auto rows = engine.store->notifications();
  if (rows && std::any_of(rows->begin(), rows->end(), is_left)) start_announcer(process, self);
}

int announce(const ProcessFacts& process, const Engine& engine) { return Announcer(process, engine).run(); }

}  // namespace delegate::notify
