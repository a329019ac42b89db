#include "core/notify/announcer.hpp"

#include <algorithm>

#include "core/base/exit_code.hpp"
#include "core/notify/channels.hpp"
#include "core/notify/desktop_channel.hpp"
#include "core/notify/gathering.hpp"
#include "core/notify/hook_channel.hpp"
#include "core/notify/outage_facts.hpp"
#include "core/notify/selection.hpp"
#include "core/notify/terminal_channel.hpp"
#include "core/os/launch.hpp"
#include "core/os/terminal.hpp"
#include "core/state/shared_drops.hpp"

namespace delegate::notify {
namespace {

constexpr milliseconds kPollInterval{300};

// Of one announcement, if each channel takes as long as it may.
constexpr milliseconds kLongestDelivery = kLongestHook + kLongestDesktop + kLongestSystem + kLongestTerminal;
static_assert(kLongestDelivery + kAnnouncerStoreTimeout <= kLongestSending);
static_assert(Gathering::kLongest + kAnnouncerStoreTimeout <= kLongestSending);

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
      // What is out of date comes last: it may take long, and what is announced replaces most of it.
      if (claim->mine.empty()) return clear_desktop() ? kAnswered : kInternal;
      if (may_deliver(channels()) && !gather(claim->mine)) return kAnswered;
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
        if (!is_quiet(engine_.config.notify, now.wall)) release_held(rows);
        claim.other = other_sender(rows, me(), is_gone(), now);
        claim.mine = claim_pending(rows, me(), is_gone(), now);
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

  /// Without any channel the records are settled at once: in a container the end of the call waits for it.
  static bool may_deliver(const std::vector<Channel>& channels) {
    return std::any_of(channels.begin(), channels.end(), [](const Channel& channel) { return channel.may_deliver; });
  }

  bool gather(const NotificationRows& first) {
    const auto boot = [&] { return engine_.clock.now().boot; };
    Gathering gathering(first, boot(), engine_.clock.now().wall);
    while (!gathering.is_over(boot())) {
      if (!pause()) return false;
      const auto late = claim_rows();
      if (late && !late->mine.empty()) gathering.add_another(boot());
    }
    return true;
  }

  /// What has become of the records meanwhile counts: each announcement is made just before it is sent.
  bool announce_all() {
    const std::vector<Channel> channels = this->channels();
    const OutageFacts facts = outage_facts(process_, engine_, may_deliver(channels) ? Servers::ask : Servers::assume);
    while (!process_.interrupted.cancelled()) {
      std::optional<Announcement> next;
      const auto begin = [&](NotificationRows& rows, const HostTime& now) {
        next = begin_next(rows, me(), facts, now);
      };
      if (!engine_.store->change_notifications(begin)) return false;
      if (!next) return true;
      if (!announce_one(*next, facts, channels)) return false;
    }
    return false;  // the next announcer sends the rest
  }

  bool announce_one(const Announcement& one, const OutageFacts& facts, const std::vector<Channel>& channels) {
    const DeliveryResult result =
        channels.empty() ? DeliveryResult{.delivery = DeliveryState::unwanted, .detail = "not enabled in [notify]"}
                         : deliver(channels, engine_.guards, one);
    return record_result(one, facts, result);
  }

  /// Closes notifications that are out of date, each once. They are forgotten first: another announcer, which may have
  /// begun meanwhile, must not choose one of them to be replaced.
  bool clear_desktop() {
    std::vector<std::string> handles;
    const auto take_stale = [&](NotificationRows& rows, const HostTime& now) {
      handles.clear();
      if (other_sender(rows, me(), is_gone(), now)) return;  // it may be about to replace them, and removes the rest
      handles = stale_handles(rows, engine_.config.notify, now.wall);
      for (NotificationRow& row : rows)
        if (std::find(handles.begin(), handles.end(), row.handle) != handles.end()) row.handle.clear();
    };
    if (!engine_.store->change_notifications(take_stale)) return false;
    if (handles.empty()) return true;
    guard_fail_open(engine_.guards, "notify_desktop",
                    [&] { return close_on_desktop(process_, engine_.redact, handles); });
    return true;
  }

  bool record_result(const Announcement& announced, const OutageFacts& facts, const DeliveryResult& result) {
    return engine_.store
        ->change_notifications([&](NotificationRows& rows, const HostTime& now) {
          note_replacement(rows, announced.rows, announced.replaces, result.handle);
          for (NotificationRow row : announced.rows) {
            const NotificationText text = announced.rows.size() == 1 ? announced.text : own_text(row, rows, facts);
            row.title = text.title;
            row.message = text.message;
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

  /// Of a record that was announced together with others.
  static NotificationText own_text(const NotificationRow& row, const NotificationRows& all, const OutageFacts& facts) {
    return row.kind == "trip" ? text_of_trips({row}, facts) : text_of_recoveries({row}, all, {}, facts);
  }

  IsDead is_gone() const {
    return [this](const ProcessId& who) { return engine_.breakers.is_dead(who); };
  }
  std::vector<Channel> channels() const { return channels_of(process_, engine_.config.notify, engine_.redact); }
  const ProcessId& me() const { return engine_.breakers.self(); }

  const ProcessFacts& process_;
  const Engine& engine_;
  Deadline longest_wait_ = Deadline::in(kLongestSending + Gathering::kQuiet);
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
  const HostTime now = process.clock.now();
  const bool quiet = is_quiet(engine.config.notify, now.wall);
  const auto is_pending_orphan = [&](const NotificationRow& row) {
    if (row.delivery == DeliveryState::held) return !quiet;
    return is_orphaned(
        row, [&](const ProcessId& who) { return engine.breakers.is_dead(who); }, now);
  };
  const auto rows = engine.store->notifications();
  if (rows && std::any_of(rows->begin(), rows->end(), is_pending_orphan)) start_announcer(process, self);
}

int announce(const ProcessFacts& process, const Engine& engine) { return Announcer(process, engine).run(); }

}  // namespace delegate::notify
