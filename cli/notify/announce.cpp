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
#include "core/run/check.hpp"
#include "core/state/shared_drops.hpp"

namespace delegate::cli {
namespace {

constexpr const char* kSelf = "/proc/self/exe";
/// What trips together is told together: the first waits so long for the others.
constexpr milliseconds kGather{300};

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
      NotificationRows rows = take();
      if (rows.empty() || world_.interrupted.cancelled()) return kAnswered;
      pollfd end{world_.interrupted.fd(), POLLIN, 0};
      ::poll(&end, 1, static_cast<int>(kGather.count()));
      if (world_.interrupted.cancelled()) return kAnswered;  // the next one tells it
      for (NotificationRow& late : take()) rows.push_back(std::move(late));
      if (!tell_all(rows)) return kInternal;
    }
  }

 private:
  /// Whoever cannot be sure that nobody else tells it must not: twice is worse than never.
  NotificationRows take() {
    const auto claim = [&]() -> Result<NotificationRows> {
      NotificationRows mine;
      TRY_STATUS(host_.store()->change_notifications([&](NotificationRows& rows, const HostTime& now) {
        const auto gone = [&](const ProcessId& who) { return engine_.breakers.is_gone(who); };
        mine = take_owed(rows, engine_.breakers.self(), gone, now);
      }));
      return mine;
    };
    return guard_gate(engine_.guards, "notify_claim", claim).value_or(NotificationRows{});
  }

  bool tell_all(const NotificationRows& taken) {
    const std::vector<Channel> channels = channels_of(world_, config_.notify, engine_.redact);
    for (const char* kind : {"trip", "recovery"}) {
      const auto all = host_.store()->notifications();  // anew: the recovery takes away what shows the trip
      if (!all) return false;
      NotificationRows of_kind;
      for (const NotificationRow& row : *all)
        if (row.kind == kind && is_among(row, taken)) of_kind.push_back(row);
      if (of_kind.empty()) continue;
      if (!tell_these(announcements_of(of_kind, *all, surroundings()), channels)) return false;
    }
    return true;
  }

  static bool is_among(const NotificationRow& row, const NotificationRows& taken) {
    return std::any_of(taken.begin(), taken.end(), [&](const NotificationRow& one) { return one.id == row.id; });
  }

  bool tell_these(const std::vector<Announcement>& announcements, const std::vector<Channel>& channels) {
    for (const Announcement& one : announcements) {
      close_on_desktop(world_, engine_.redact, one.closes);
      if (!forget_handles(one.closes)) return false;
      const bool wanted = is_wanted(one.kind) && !channels.empty();
      if (wanted && !note(one, {.delivery = Delivery::sending})) return false;
      const Walk walk = wanted ? tell(channels, engine_.guards, one)
                               : Walk{.delivery = Delivery::unwanted, .detail = "[notify] does not ask for it"};
      if (!note(one, walk)) return false;
    }
    return true;
  }

  /// What was taken away needs no second try.
  bool forget_handles(const std::vector<std::string>& handles) {
    if (handles.empty()) return true;
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
      if (can_answer(step.backend)) around.answering.push_back(step.backend);
    }
    return around;
  }

  static bool is_off(const Breaker& breaker) {
    return breaker.state == BreakerState::open || breaker.state == BreakerState::half_open ||
           breaker.state == BreakerState::forced_open;
  }

  /// A program that is installed is taken at its word; a server of this person's may not run.
  bool can_answer(const std::string& name) const {
    const auto candidate = find_candidate(engine_, name);
    if (!candidate) return false;
    return candidate->backend->is_process() || ask_for_model(*candidate, world_.interrupted, kServerPatience).works;
  }

  const World& world_;
  const Config& config_;
  Host host_;
  const Engine& engine_;
};

}  // namespace

void start_announcer(const World& world) {
  DetachedSpec spec{.executable = kSelf, .argv = {"delegate"}};
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
        row, [&](const ProcessId& who) { return breakers.is_gone(who); }, now);
  };
  const auto rows = host.store()->notifications();
  if (rows && std::any_of(rows->begin(), rows->end(), is_left)) start_announcer(world);
}

int run_announce(const World& world, const Config& config) { return Announcer(world, config).run(); }

}  // namespace delegate::cli
