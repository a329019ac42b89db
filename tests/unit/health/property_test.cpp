#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "tests/unit/health/trial.hpp"

using namespace delegate;

namespace {

constexpr int kRuns = 60;
constexpr int kSteps = 1'000;

/// Plays at random, and after each step checks what must hold whatever is played.
class Player {
 public:
  explicit Player(unsigned seed) : random_(seed) {
    trial_.policy.threshold = 1 + pick(4);
    trial_.policy.cooldown = milliseconds(pick(3) * 5'000);
    trial_.policy.max_cooldown = 40s;
    trial_.policy.max_retry_after = 100s;
    trial_.policy.limit_probe = 20s;
    trial_.policy.quota_cooldown = milliseconds(pick(3) * 60'000);
    trial_.policy.failure_window = milliseconds(pick(2) * 50'000);
    trial_.policy.drop_counts_after = pick(4);
    trial_.lease = 20s;
  }

  void step() {
    const Breaker before = trial_.breaker;
    switch (pick(13)) {
      case 0:
      case 1:
      case 2: ask(); break;
      case 3:
      case 4:
      case 5:
      case 6: report(); break;
      case 7:
      case 8: let_time_pass(); break;
      case 9: trial_.set_wall_clock(milliseconds(pick(2'000'000) - 1'000'000)); break;
      case 10: by_hand(); break;
      case 11: bad_luck(); break;
      case 12: answered_elsewhere(); break;
    }
    check(before);
  }

  void must_end() {
    if (trial_.breaker.state == BreakerState::forced_open) release(trial_.breaker);
    trial_.kind();  // moves spans to the new clock if necessary
    trial_.pass(100s);
    CHECK(trial_.kind() != PermitKind::denied);
  }

 private:
  struct Call {
    Ticket ticket;
    std::int64_t pid = 0;
    milliseconds until{0};
    bool open = true;
    bool saw_trip = false;  // it was running when the login was rejected for which the breaker is open
  };

  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  static bool is_probe(PermitKind kind) { return kind == PermitKind::probe || kind == PermitKind::limit_probe; }

  bool live(const Call& call) const {
    return call.open && is_probe(call.ticket.kind) && trial_.now.boot < call.until && trial_.gone.count(call.pid) == 0;
  }

  void ask() {
    const std::int64_t pid = ++last_pid_;
    const auto left = trial_.left();
    const Acquired allowed = trial_.ask(pid, static_cast<ProbeTime>(std::max(0, pick(10) - 7)));
    if (is_probe(allowed.ticket.kind))
      for (const Call& call : calls_) CHECK_FALSE(live(call));
    if (allowed.ticket.kind == PermitKind::denied && trial_.state() == BreakerState::open) {
      CHECK(trial_.left() > 0ms);
      if (left > 0ms) CHECK(trial_.left() <= std::max<milliseconds>(left, trial_.policy.max_retry_after));
    }
    calls_.push_back({allowed.ticket, pid, trial_.now.boot + trial_.lease});
  }

  void report() {
    if (calls_.empty()) return;
    Call& call = calls_[static_cast<std::size_t>(pick(static_cast<int>(calls_.size())))];
    if (!call.open) return;
    call.open = false;
    const auto verdict = static_cast<Verdict>(pick(6));
    const CallReport report{.verdict = verdict,
                            .trip = static_cast<Trip>(std::max(0, pick(6) - 3)),
                            .retry_after = milliseconds(std::max(0, pick(200'000) - 50'000)),
                            .rejected_prompt = pick(2) == 0 ? "" : std::to_string(pick(9))};
    const Breaker before = trial_.breaker;
    const auto left = trial_.left();
    const Settled settled = trial_.report(call.ticket, report);
    notified_ += settled.tripped;
    note_login_trip(settled, report);
    const bool was_undone = settled.counted && call.ticket.generation != before.generation;
    if (was_undone) {  // the only result that counts through an old permit
      CHECK(verdict == Verdict::success);
      CHECK(call.saw_trip);
      CHECK(settled.entered == BreakerState::closed);
    } else if (verdict == Verdict::success && before.state == BreakerState::open && call.saw_trip) {
      CHECK_FALSE(before.login_trip);
    }
    if (began_outage(settled)) {
      ++outages_;
      is_off_ = true;
    }
    if (settled.counted) return;
    CHECK_FALSE(settled.entered);
    Breaker unchanged = trial_.breaker;
    if (verdict == Verdict::rate_limited) {
      unchanged.cooldown = before.cooldown;
      unchanged.limit_probe = before.limit_probe;
      unchanged.last_failure = before.last_failure;
      unchanged.manual = before.manual;  // it is the vendor's break then
      unchanged.login_trip = before.login_trip;
    }
    CHECK(unchanged == before);
    CHECK(trial_.left() >= left);
  }

  void note_login_trip(const Settled& settled, const CallReport& report) {
    if (!settled.counted || settled.neutral || trial_.breaker.state != BreakerState::open) return;
    const bool is_failure = report.verdict != Verdict::rate_limited && report.verdict != Verdict::neutral;
    const bool is_login = settled.tripped && is_failure && report.trip == Trip::revocable;
    for (Call& one : calls_) one.saw_trip = is_login && one.open && one.ticket.kind != PermitKind::denied;
  }

  void answered_elsewhere() {
    const Settled settled = delegate::answered_elsewhere(trial_.breaker, trial_.policy, trial_.now,
                                                         {.rejected_prompt = std::to_string(pick(9))});
    notified_ += settled.tripped;
    if (!began_outage(settled)) return;
    ++outages_;
    is_off_ = true;
  }

  /// What the breaker heard opened it, whatever had it closed to callers before; but for a break that is a person's
  /// still.
  bool began_outage(const Settled& settled) const {
    return settled.counted && !settled.neutral && !is_off_ && trial_.breaker.state == BreakerState::open &&
           !trial_.breaker.manual;
  }

  void let_time_pass() { trial_.pass(milliseconds(pick(30'000))); }

  void by_hand() {
    switch (pick(20)) {
      case 0: force_open(trial_.breaker); break;
      case 1: disable(trial_.breaker); break;
      case 2: reset(trial_.breaker); break;
      case 3: open_for(trial_.breaker, trial_.now, milliseconds(pick(60'000))); break;
      case 4: [[fallthrough]];
      case 5: release(trial_.breaker); return;
      case 6: [[fallthrough]];
      case 7: enable(trial_.breaker); return;
      default: return;
    }
    for (Call& call : calls_) call.until = 0ms;  // its probe, if it held one, is void
  }

  void bad_luck() {
    if (pick(20) == 0) {
      trial_.reboot();
      calls_.clear();
    } else if (!calls_.empty()) {
      const std::int64_t pid = calls_[static_cast<std::size_t>(pick(static_cast<int>(calls_.size())))].pid;
      trial_.gone.insert(pid);
      std::erase_if(calls_, [&](const Call& call) { return call.pid == pid; });
    }
  }

  void check(const Breaker& before) {
    const Breaker& now = trial_.breaker;
    CHECK(now.generation >= before.generation);
    if (now.state != before.state) CHECK(now.generation > before.generation);
    CHECK(trial_.seen().failures < trial_.policy.threshold);
    CHECK(static_cast<int>(now.streak.size()) < trial_.policy.threshold);
    CHECK((now.state == BreakerState::closed || now.streak.empty()));
    CHECK((now.state == BreakerState::half_open || now.state == BreakerState::open || !now.probe));
    CHECK((now.state == BreakerState::half_open || now.state == BreakerState::open || !now.limit_probe));
    CHECK(now.cooldown.length <= 100s);
    CHECK(trial_.left() <= 100s);
    is_off_ = is_off_ && now.state != BreakerState::closed && now.state != BreakerState::disabled;
    CHECK(notified_ == outages_);
    CHECK(now.trips == outages_);
    CHECK(now.outage == is_off_);
    CHECK((now.state != BreakerState::closed || now.cooldowns_in_a_row == 0));
    CHECK(now.rejections.size() <= kMostRejections);
    CHECK((!now.login_trip || (now.outage && now.login_trip->generation <= now.generation)));
    CHECK((!now.rejecting || now.state != BreakerState::closed));
  }

  std::mt19937 random_;
  Trial trial_;
  std::vector<Call> calls_;
  std::int64_t last_pid_ = 0;
  std::int64_t notified_ = 0;
  std::int64_t outages_ = 0;
  bool is_off_ = false;
};

}  // namespace

TEST_CASE("the breaker keeps its invariants over random sequences of events") {
  for (unsigned seed = 1; seed <= kRuns; ++seed) {
    INFO("seed " << seed);
    Player player(seed);
    for (int i = 0; i < kSteps; ++i) {
      INFO("step " << i);
      player.step();
    }
    player.must_end();
  }
}

TEST_CASE("setting the wall clock changes no decision within a boot [R14]") {
  std::mt19937 random(7);
  const auto pick = [&](int below) { return std::uniform_int_distribution<int>(0, below - 1)(random); };
  Trial steady;
  Trial jumpy;
  std::vector<std::pair<Ticket, Ticket>> calls;
  for (int i = 0; i < 20'000; ++i) {
    const auto time = milliseconds(pick(20'000));
    steady.pass(time);
    jumpy.pass(time);
    jumpy.set_wall_clock(milliseconds(pick(20'000'000) - 10'000'000));
    calls.emplace_back(steady.ticket(), jumpy.ticket());
    CHECK(calls.back().first.kind == calls.back().second.kind);
    const auto [one, other] = calls[static_cast<std::size_t>(pick(static_cast<int>(calls.size())))];
    const auto verdict = static_cast<Verdict>(pick(6));
    const auto hint = milliseconds(pick(100'000));
    CHECK(steady.report(one, verdict, hint).counted == jumpy.report(other, verdict, hint).counted);
    CHECK(steady.state() == jumpy.state());
    CHECK(steady.left() == jumpy.left());
    if (calls.size() > 20) calls.erase(calls.begin());
  }
  CHECK(steady.breaker.trips > 10);
}
