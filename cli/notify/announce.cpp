#include "cli/notify/announce.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/notify/channels.hpp"
#include "cli/notify/desktop_channel.hpp"
#include "core/os/detached.hpp"
#include "core/os/file.hpp"
#include "core/os/own_executable.hpp"
#include "core/os/process.hpp"
#include "core/run/check.hpp"
#include "core/state/shared_drops.hpp"

namespace delegate::cli {
namespace {

/// What trips together is told together: the first waits until none has come for a while. A CLI that is broken takes
/// some time to say so, and a question goes from one to the next.
constexpr milliseconds kQuiet{1'500};
constexpr milliseconds kLongestGather{10'000};
constexpr milliseconds kLook{300};

/// Nobody waits for this process: it can wait for its turn at a store that many use at once.
constexpr milliseconds kPatience{10'000};

constexpr milliseconds kServerPatience{1'000};

/// Tells what is owed, all of it, once.
class Announcer {
 public:
  Announcer(const World& world, const Config& config)
      : world_(world), config_(config), host_(world, config, kPatience), engine_(host_.engine()) {}

  int run() {
    if (host_.store() == nullptr) return kAnswered;
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
      TRY_STATUS(host_.store()->change_notifications([&](NotificationRows& rows, const HostTime& now) {
        const auto gone = [&](const ProcessId& who) { return engine_.breakers.is_dead(who); };
        turn.other = other_teller(rows, me(), gone, now);
        turn.mine = take_owed(rows, me(), gone, now);
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
    pollfd end{world_.interrupted.fd(), POLLIN, 0};
    ::poll(&end, 1, static_cast<int>(kLook.count()));
    return !world_.interrupted.cancelled();
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
    const std::vector<Channel> channels = channels_of(world_, config_.notify, engine_.redact);
    const Surroundings around = surroundings();
    for (const char* kind : {"trip", "recovery"}) {
      if (world_.interrupted.cancelled()) return false;  // the next announcer tells the rest
      NotificationRows mine;
      NotificationRows all;
      const Status begun = host_.store()->change_notifications([&](NotificationRows& rows, const HostTime&) {
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
                            : Walk{.delivery = Delivery::unwanted, .detail = "[notify] does not ask for it"});
  }

  /// What shows something that is over is taken away, once.
  bool clear_desktop() {
    const auto all = host_.store()->notifications();
    if (!all) return false;
    const std::vector<std::string> handles = stale_handles(*all);
    if (handles.empty()) return true;
    guard_fail_open(engine_.guards, "notify_desktop",
                    [&] { return close_on_desktop(world_, engine_.redact, handles); });
    const auto forget = [&](NotificationRows& rows, const HostTime&) {
      for (NotificationRow& row : rows)
        if (std::find(handles.begin(), handles.end(), row.handle) != handles.end()) row.handle.clear();
    };
    return host_.store()->change_notifications(forget).has_value();
  }

  bool note(const Announcement& told, const Walk& walk) {
    return host_.store()
        ->change_notifications([&](NotificationRows& rows, const HostTime& now) {
          for (NotificationRow row : told.rows) {
            if (told.rows.size() == 1) row.message = told.words.message;
            row.delivery = walk.delivery;
            row.channel = walk.channel;
            row.detail = walk.detail;
            row.handle = walk.handle;
            if (walk.delivery == Delivery::delivered) row.delivered_at = now.wall;
            note_delivery(rows, row);
          }
        })
        .has_value();
  }

  const ProcessId& me() const { return engine_.breakers.self(); }

  bool is_wanted(const std::string& kind) const {
    const auto& on = config_.notify.on;
    return std::find(on.begin(), on.end(), kind) != on.end();
  }

  Surroundings surroundings() const {
    Surroundings around{.now = engine_.clock.now().wall};
    const auto reading = engine_.breakers.read();
    for (const RouteStep& step : plan_for(engine_, Request{}).steps) {
      const auto found = reading ? reading->backends.find(step.backend) : BackendStates::const_iterator{};
      const bool known = reading && found != reading->backends.end();
      if (known && is_off(found->second.breaker)) continue;
      if (is_reachable(engine_, step.backend, world_.interrupted, kServerPatience))
        around.answering.push_back(step.backend);
    }
    return around;
  }

  static bool is_off(const Breaker& breaker) {
    return breaker.state == BreakerState::open || breaker.state == BreakerState::half_open ||
           breaker.state == BreakerState::forced_open;
  }

  const World& world_;
  const Config& config_;
  Host host_;
  const Engine& engine_;
  Deadline longest_wait_ = Deadline::in(kLongestTelling + kQuiet);
};

}  // namespace

void start_announcer(const World& world) {
  DetachedSpec spec{.executable = own_executable(), .argv = {"delegate"}};
  if (!world.config_file.empty())
    spec.argv.insert(spec.argv.end(), {"--config", (Path(world.cwd) / world.config_file).string()});
  spec.argv.emplace_back("announce");
  for (const auto& [name, value] : world.environment) spec.env.push_back(name + "=" + value);
  // A terminal may be written to; the end of a pipe in a process that goes on would keep its reader waiting.
  if (::isatty(world.err) == 1) spec.err = world.err;
  static_cast<void>(start_detached(spec));  // what is owed stays owed
}

void tell_left_behind(const World& world, const Host& host) {
  const bool can_others_see = host.engine().config.state.store != "memory";
  if (host.store() == nullptr || !can_others_see) return;
  const Breakers& breakers = host.engine().breakers;
  const auto is_left = [&, now = world.clock.now()](const NotificationRow& row) {
    return is_left_behind(
        row, [&](const ProcessId& who) { return breakers.is_dead(who); }, now);
  };
  const auto rows = host.store()->notifications();
  if (rows && std::any_of(rows->begin(), rows->end(), is_left)) start_announcer(world);
}

int run_announce(const World& world, const Config& config) {
  set_process_name("trip-announcer");
  return Announcer(world, config).run();
}

}  // namespace delegate::cli
