#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include <optional>

#include "cli/background/carrier.hpp"
#include "cli/background/carry.hpp"
#include "cli/background/leash.hpp"
#include "cli/background/parked.hpp"
#include "cli/background/request_json.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/render.hpp"
#include "core/os/event.hpp"
#include "core/os/process.hpp"
#include "core/run/warm_up.hpp"

namespace delegate::cli {
namespace {

constexpr milliseconds kLook{250};         // how soon the end of the leash, or a wish to cancel, is seen
constexpr milliseconds kLastWord{10'000};  // how long the one who holds the leash may take to say whether to keep it
constexpr milliseconds kPatience{30'000};  // with a store that others keep busy: this is somebody's answer
constexpr int kMostRemarks = 256 << 10;

void say(const World& world, const Told& told) {
  static_cast<void>(write_all(world.out, to_line(told)));  // whoever listened may have gone: the run goes on
}

/// Never waits: a reader that is slow misses some of it.
void say_in_passing(const World& world, const Told& told) {
  pollfd ready{world.out, POLLOUT, 0};
  const std::string line = to_line(told);
  if (line.size() <= PIPE_BUF && ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLERR) == 0) say(world, told);
}

/// What `ask` would have said on stderr.
std::string remarks_on(const World& world, const RunResult& result) {
  const Fd file(static_cast<int>(::memfd_create("remarks", MFD_CLOEXEC)));
  World there = world;
  there.err = file.get();
  explain_run(Output(there), result, false);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return {};
  return read_all(file.get(), kMostRemarks).value_or(std::string());
}

/// Asks for a place among those that run on this host.
Result<Turn> take_place(const Engine& engine, Jobs& jobs, const std::string& id) {
  const auto gone = [&](const ProcessId& owner) { return engine.breakers.is_dead(owner); };
  return jobs.take(id, engine.breakers.self(), engine.config.background.max_parallel, gone);
}

/// Tells how the run goes, and hears of the wish to stop it.
class Herald final : public Observer {
 public:
  Herald(const World& world, const Engine& engine, Jobs* jobs, std::string id, Leash& leash)
      : world_(world), engine_(engine), jobs_(jobs), id_(std::move(id)), leash_(leash) {}

  void asking(const std::string& backend, bool /*probe*/) override {
    progress_ = {.backend = backend};
    // It is only for showing.
    if (jobs_ != nullptr) static_cast<void>(jobs_->note_doing(id_, "asking " + backend));
    say_in_passing(world_, progress_);
  }
  void output(const std::string& backend, const OutputDelta& delta) override {
    if (backend != progress_.backend) return;
    progress_.bytes = (delta.reset ? 0 : progress_.bytes) + static_cast<std::int64_t>(delta.text.size());
    if (delta.doing) progress_.doing = *delta.doing;
    is_new_ = true;
  }
  /// While it waits for a slot, others may work.
  void waiting_for_slot(const std::vector<std::string>& backends) override {
    progress_ = {.backend = {}, .doing = "waits for a free slot of " + join(backends, " or ")};
    is_aside_ = jobs_ != nullptr && jobs_->step_aside(id_, progress_.doing);
    say_in_passing(world_, progress_);
  }
  bool may_go_on() override {
    const auto turn = is_aside_ ? take_place(engine_, *jobs_, id_) : Result<Turn>(Turn{.kind = Turn::Kind::begun});
    if (turn && (turn->kind == Turn::Kind::lost || turn->kind == Turn::Kind::unwanted)) world_.interrupted.cancel();
    // A store that fails meanwhile is no reason to wait any longer.
    is_aside_ = turn && turn->kind != Turn::Kind::begun;
    return !is_aside_;
  }
  Deadline tick() override {
    if (next_look_.passed()) {
      next_look_ = Deadline::in(kLook);
      leash_.look();
      if (leash_.is_cut() || wants_end()) world_.interrupted.cancel();
      if (std::exchange(is_new_, false)) say_in_passing(world_, progress_);
    }
    return next_look_;
  }

 private:
  /// A store that cannot be asked leaves the signal and the leash.
  bool wants_end() { return jobs_ != nullptr && jobs_->is_cancel_wanted(id_).value_or(false); }

  const World& world_;
  const Engine& engine_;
  Jobs* jobs_;
  std::string id_;
  Leash& leash_;
  bool is_aside_ = false;  // it has given its place away
  told::Progress progress_;
  bool is_new_ = false;
  Deadline next_look_ = Deadline::in(milliseconds(0));
};

/// Once more while others keep the store busy.
Status patiently(const std::function<Status()>& step) {
  const Deadline patience = Deadline::in(kPatience);
  for (;;) {
    Status done = step();
    if (done || done.error().code != Code::busy || patience.passed()) return done;
    ::poll(nullptr, 0, 50);
  }
}

/// Tells that the run is safe from now on: under way, or parked. One that somebody holds need not be parked.
bool accept(const World& world, const Host& host, const Request& request, const Turn& turn, const Leash& leash) {
  const Status parked = turn.kind == Turn::Kind::waits ? park(host, request) : Status();
  const bool is_safe = parked || !leash.is_let_go();
  say(world, is_safe ? Told(told::Accepted{turn.ahead, {}}) : Told(told::Failed{parked.error().what, {}}));
  return is_safe;
}

/// True: the run may begin. A store that fails meanwhile is no reason to wait any longer.
bool wait_for_turn(const World& world, const Host& host, const Request& request, Leash& leash) {
  Event nothing;
  for (int ahead = -1; !world.interrupted.cancelled();) {
    const auto turn = take_place(host.engine(), *host.store()->jobs(), request.run_id);
    if (ahead < 0 && !accept(world, host, request, turn.value_or(Turn{}), leash)) return false;
    if (!turn || turn->kind == Turn::Kind::begun) return true;
    if (turn->kind != Turn::Kind::waits) return false;
    if (turn->ahead != std::exchange(ahead, turn->ahead)) say_in_passing(world, told::Accepted{ahead, {}});
    nothing.wait(world.interrupted, Deadline::in(kLook));
    leash.look();
    if (leash.is_cut()) return false;
  }
  return false;
}

RunResult stopped_before_it_began(const Request& request) {
  RunResult result;
  result.run_id = request.run_id;
  result.requested_backend = request.backend;
  result.outcome = Outcome::cancelled;
  result.message = "cancelled before it began";
  return result;
}

/// Why the host cannot hold a job; empty: it does now.
std::string enter(const Host& host, const Request& request) {
  if (host.store() == nullptr) return host.engine().breakers.trouble();
  Jobs* jobs = host.store()->jobs();
  if (jobs == nullptr) return "state.store is \"memory\", which ends with its process";
  const Status added = patiently([&] {
    return jobs->add(
        {.id = request.run_id, .submitted_at = host.engine().clock.now().wall, .owner = host.engine().breakers.self()});
  });
  return added ? std::string() : added.error().what;
}

}  // namespace

void carry(const World& world, const Host& host, const Request& asked, Jobs* jobs, Leash& leash) {
  const Engine& engine = host.engine();
  Request request = asked;
  // Nobody sits before it and could do something better meanwhile; but one within another run could wait for that one.
  request.waits_for_slot = world.variable("DELEGATE_DEPTH").empty() || world.variable("DELEGATE_DEPTH") == "0";
  const bool begins = jobs == nullptr || wait_for_turn(world, host, request, leash);
  if (jobs != nullptr) forget_parked(host, request.run_id);
  if (begins) say(world, told::Begun{});
  Herald herald(world, engine, jobs, request.run_id, leash);
  const RunResult result = begins ? ask(engine, request, world.interrupted, herald) : stopped_before_it_began(request);
  const told::Ended end{to_json(result), remarks_on(world, result), exit_code_of(result, 0)};
  leash.look();
  const auto keep = [&] {
    const milliseconds now = engine.clock.now().wall;
    const JobRow row{.id = request.run_id,
                     .ended_at = now,
                     .result = end.result,
                     .remarks = end.remarks,
                     .exit_code = end.exit_code};
    // There is nobody left to tell that it failed; the row says then that its process is gone.
    static_cast<void>(patiently([&] { return jobs->finish(row, now - engine.config.background.keep); }));
  };
  const bool was_kept = jobs != nullptr && leash.is_let_go();
  if (was_kept) keep();
  say(world, end);
  if (jobs != nullptr && !was_kept) {
    leash.wait(Deadline::in(kLastWord));
    if (leash.is_let_go()) keep();
    else static_cast<void>(patiently([&] { return jobs->remove(request.run_id); }));
  }
  if (const auto local = to_warm_up(engine, result)) warm_up(engine, *local, world.interrupted);
}

int run_carry(const World& world, const Config& config, const CarryCommand& command) {
  set_process_name("run-carrier");
  Leash leash(world.in);
  const auto words = leash.request(world.interrupted);
  if (!words) return kInternal;  // nobody wants it any more
  auto request = request_from(*words);
  if (request && request->run_id != command.id)
    request = fail(Code::invalid_argument, "request: not of run " + one_line(command.id, 80));
  if (!request) {
    say(world, told::Failed{request.error().what, request.error().hint});
    return kUsage;
  }
  const Host host(world, config);
  const std::string no_store = enter(host, *request);
  if (!no_store.empty() && leash.is_let_go()) {
    say(world, told::Failed{"a run in the background needs the store: " + no_store, "see `delegate status`"});
    return kInternal;
  }
  if (!no_store.empty()) say(world, told::Accepted{0, no_store});
  carry(world, host, *request, no_store.empty() ? host.store()->jobs() : nullptr, leash);
  return kAnswered;
}

}  // namespace delegate::cli
