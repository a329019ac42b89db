#include "core/os/child.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <memory>

#include "core/os/activity.hpp"
#include "core/os/fd.hpp"
#include "core/os/process.hpp"
#include "core/os/spawn.hpp"

namespace delegate {
namespace {

constexpr std::size_t kChunk = 64u << 10;
constexpr std::size_t kLargestPipe = 1u << 20;  // upper bound of what a pipe without writers still holds
/// A silent child is looked at this many times before its limit. The first look is the one that the others are compared
/// with, and two signs of life that are less than three quarters of the limit apart are never both missed.
constexpr int kLooks = 4;
constexpr milliseconds kWindUp{1'000};
constexpr milliseconds kClearPatience{6'000};  // a little longer than the supervisor's own limit

timespec to_timespec(milliseconds span) {
  return timespec{static_cast<time_t>(span.count() / 1000), static_cast<long>(span.count() % 1000) * 1'000'000};
}

/// One child from its start to its reaping: a small state machine around one poll.
class Supervision {
 public:
  Supervision(const ChildSpec& spec, const CancelToken& cancel, const OnOutput& on_output, Spawned child, Steady asked)
      : spec_(spec), cancel_(cancel), on_output_(on_output), child_(std::move(child)), asked_(asked) {
    result_.out = HeadAndTail(spec.keep_head, spec.keep_tail);
    result_.err = HeadAndTail(spec.keep_head, spec.keep_tail);
    if (spec.input.empty()) close_input();
  }

  ChildResult run() {
    while (phase_ != Phase::over) step();
    clean_up();
    result_.since_last_output = whole(decided_ - last_output_);
    if (last_sign_ != last_output_) result_.since_last_work = whole(decided_ - last_sign_);
    result_.took = whole(steady_now() - asked_);
    return std::move(result_);
  }

 private:
  enum class Phase {
    running,
    lingering,  // the reader has all it needs; the child may still end by itself
    draining,   // the child has ended; others may hold its pipes
    ending,     // the supervisor stops it, or kills what it left behind
    over,
  };
  struct Output {
    Stream stream;
    Fd& pipe;
    HeadAndTail& memory;
  };

  Output out() { return {Stream::out, child_.out, result_.out}; }
  Output err() { return {Stream::err, child_.err, result_.err}; }

  void step();
  timespec longest_wait() const;
  Deadline next_deadline() const;
  milliseconds allowed_silence() const;
  Deadline silence_limit() const;
  Deadline next_look() const;
  void look_for_life();
  void note_sign(Steady at);
  bool read_some(const Output& from);
  void read_log();
  void handle(Flow flow);
  void feed();
  void close_input();
  void receive_events();
  void note_end(const SupervisorEvent& event);
  void check_clocks(bool output_now);
  void check_running(bool output_now);
  void enter(Phase phase, milliseconds at_most);
  void decide(ChildEnd end);
  void stop(ChildEnd end);
  void end_drain();
  void end_with(SupervisorCommand command, milliseconds at_most);
  void clean_up();
  void read_the_rest(const Output& from);

  const ChildSpec& spec_;
  const CancelToken& cancel_;
  const OnOutput& on_output_;
  Spawned child_;
  ChildResult result_;
  // Not in the frame, each page of which is touched: most answers fit into one.
  const std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kChunk);

  Phase phase_ = Phase::running;
  Deadline phase_ends_ = Deadline::never();
  std::size_t written_ = 0;
  bool any_output_ = false;                // on either stream
  bool ended_ = false;                     // the child itself; its exit status is known
  bool gone_ = false;                      // no descendant is left
  bool lost_ = false;                      // the supervisor was killed, so some may still run
  bool finished_ = false;                  // Flow::finish: any end from now on is a normal one
  bool stopped_ = false;                   // we decided to end it
  Deadline wound_up_ = Deadline::never();  // after Flow::wind_up
  const Steady asked_;
  Steady last_output_ = steady_now();  // the start, until there is output
  Steady last_sign_ = last_output_;    // of life
  struct Look {
    Steady at;
    Activity activity;
    std::uint64_t trace;
  };
  std::optional<Look> look_;  // the last one since there was output
  int looks_ = 0;             // since the last sign
  Steady decided_ = last_output_;
};

void Supervision::step() {
  const bool cancel_matters = phase_ == Phase::running || phase_ == Phase::lingering || phase_ == Phase::draining;
  const bool is_fed = written_ == spec_.input.size();
  std::array<pollfd, 6> set{{{child_.control.get(), POLLIN, 0},
                             {is_fed ? -1 : child_.input.get(), POLLOUT, 0},
                             {child_.out.get(), POLLIN, 0},
                             {child_.err.get(), POLLIN, 0},
                             {cancel_matters ? cancel_.fd() : -1, POLLIN, 0},
                             {spec_.log, POLLIN, 0}}};
  const timespec wait = longest_wait();
  if (::ppoll(set.data(), set.size(), &wait, nullptr) < 0) {
    for (pollfd& entry : set) entry.revents = 0;  // EINTR: check the clocks only
  }
  if (set[1].revents != 0) feed();
  const bool out_read = set[2].revents != 0 && read_some(out());
  const bool err_read = set[3].revents != 0 && read_some(err());
  if (set[5].revents != 0) read_log();
  if (set[0].revents != 0) receive_events();
  check_clocks(out_read || err_read);
}

timespec Supervision::longest_wait() const {
  Deadline until = next_deadline();
  if (cancel_.fd() < 0) until = until.or_earlier(Deadline::in(CancelToken::kBlindCheck));
  return to_timespec(until.left().value_or(std::chrono::hours(1)));
}

Deadline Supervision::next_deadline() const {
  if (phase_ == Phase::running)
    return silence_limit().or_earlier(next_look()).or_earlier(spec_.clocks.total).or_earlier(wound_up_);
  if (phase_ == Phase::lingering) return phase_ends_.or_earlier(spec_.clocks.total);
  return phase_ends_;
}

milliseconds Supervision::allowed_silence() const {
  return any_output_ ? spec_.clocks.idle : spec_.clocks.first_output;
}

Deadline Supervision::silence_limit() const {
  return allowed_silence().count() > 0 ? Deadline::at(last_sign_ + allowed_silence()) : Deadline::never();
}

Deadline Supervision::next_look() const {
  const bool signs_count = any_output_ || !spec_.announces_start;
  if (!signs_count || allowed_silence().count() <= 0) return Deadline::never();
  return Deadline::at(last_sign_ + allowed_silence() * (looks_ + 1) / kLooks);
}

void Supervision::look_for_life() {
  Look now{steady_now(), activity_of_tree(child_.supervisor()), spec_.trace ? spec_.trace() : 0};
  const bool alive =
      look_ && (now.trace != look_->trace || shows_work(look_->activity, now.activity, whole(now.at - look_->at)));
  ++looks_;
  if (alive) note_sign(now.at);
  look_ = std::move(now);
}

void Supervision::note_sign(Steady at) {
  last_sign_ = at;
  looks_ = 0;
}

bool Supervision::read_some(const Output& from) {
  if (!from.pipe) return false;
  const ssize_t count = ::read(from.pipe.get(), buffer_.get(), kChunk);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (count <= 0) {
    from.pipe.reset();
    return false;
  }
  const std::string_view bytes(buffer_.get(), static_cast<std::size_t>(count));
  any_output_ = true;
  last_output_ = steady_now();
  note_sign(last_output_);
  look_.reset();
  from.memory.add(bytes);
  if (on_output_) handle(on_output_(from.stream, bytes));
  return true;
}

void Supervision::read_log() {
  const ssize_t count = ::read(spec_.log, buffer_.get(), kChunk);
  if (count > 0 && on_output_)
    handle(on_output_(Stream::log, std::string_view(buffer_.get(), static_cast<std::size_t>(count))));
}

void Supervision::handle(Flow flow) {
  if (stopped_) return;
  if (flow != Flow::wind_up) wound_up_ = Deadline::never();
  else if (wound_up_.is_never()) wound_up_ = Deadline::in(kWindUp);
  if (flow == Flow::go_on || flow == Flow::wind_up) return;
  if (flow == Flow::stop) return stop(ChildEnd::stopped);
  if (finished_) return;
  finished_ = true;
  close_input();
  if (phase_ == Phase::running) enter(Phase::lingering, spec_.linger);
  else if (phase_ == Phase::draining) enter(Phase::draining, milliseconds(0));
}

void Supervision::feed() {
  const std::string_view rest = spec_.input.substr(written_);
  const NoSigpipe no_sigpipe;
  const ssize_t count = ::write(child_.input.get(), rest.data(), rest.size());
  if (count > 0) written_ += static_cast<std::size_t>(count);
  const bool broken = count < 0 && errno != EINTR && errno != EAGAIN;
  if (broken || (written_ == spec_.input.size() && !spec_.keeps_input_open)) close_input();
}

void Supervision::close_input() {
  child_.input.reset();
  result_.input_written = written_ == spec_.input.size();
}

void Supervision::receive_events() {
  while (!gone_) {
    const auto event = child_.receive();
    if (!event) return;
    if (event->kind == SupervisorEvent::ended) note_end(*event);
    if (event->kind != SupervisorEvent::gone && event->kind != SupervisorEvent::lost) continue;
    gone_ = true;
    lost_ = event->kind == SupervisorEvent::lost;
    result_.killed = event->value != 0;
    child_.control.reset();
    if (!ended_) note_end({SupervisorEvent::ended, -1, SIGKILL});  // together with its supervisor
    if (phase_ == Phase::ending) phase_ = Phase::over;
  }
}

void Supervision::note_end(const SupervisorEvent& event) {
  ended_ = true;
  result_.exit_code = event.value;
  result_.signal = event.signal;
  if (phase_ == Phase::ending) return;
  decide(event.signal != 0 && !finished_ ? ChildEnd::signalled : ChildEnd::exited);
  close_input();
  enter(Phase::draining, finished_ ? milliseconds(0) : spec_.drain_grace);
}

void Supervision::check_clocks(bool output_now) {
  const bool phase_ended = phase_ends_.passed();
  switch (phase_) {
    case Phase::running: return check_running(output_now);
    case Phase::lingering:
      if (phase_ended || cancel_.cancelled() || spec_.clocks.total.passed()) stop(ChildEnd::exited);
      return;
    case Phase::draining:
      if (phase_ended || cancel_.cancelled() || (!child_.out && !child_.err)) end_drain();
      return;
    case Phase::ending:
      if (phase_ended) phase_ = Phase::over;
      return;
    case Phase::over: return;
  }
}

void Supervision::check_running(bool output_now) {
  if (cancel_.cancelled()) return stop(ChildEnd::cancelled);
  if (wound_up_.passed()) return stop(ChildEnd::stopped);
  if (spec_.clocks.total.passed()) {
    if (look_) look_for_life();  // it may be working to the last
    return stop(ChildEnd::timed_out);
  }
  if (!output_now && next_look().passed()) look_for_life();
  // A slow reader is not a silent child: silence counts only if there was nothing to read.
  if (!output_now && silence_limit().passed()) stop(any_output_ ? ChildEnd::idle : ChildEnd::no_first_output);
}

void Supervision::enter(Phase phase, milliseconds at_most) {
  phase_ = phase;
  phase_ends_ = Deadline::in(at_most);
}

void Supervision::decide(ChildEnd end) {
  result_.end = end;
  decided_ = steady_now();
}

void Supervision::stop(ChildEnd end) {
  stopped_ = true;
  decide(end);
  close_input();
  result_.pipes_held = ended_ && (child_.out || child_.err);
  end_with(SupervisorCommand::stop, spec_.term_grace + kClearPatience);
}

void Supervision::end_drain() {
  read_the_rest(out());
  read_the_rest(err());
  if (phase_ != Phase::draining) return;  // the reader asked to stop
  result_.pipes_held = child_.out || child_.err;
  end_with(spec_.keep_daemons ? SupervisorCommand::kill_group : SupervisorCommand::kill_all, kClearPatience);
}

void Supervision::end_with(SupervisorCommand command, milliseconds at_most) {
  if (gone_) {
    phase_ = Phase::over;
    return;
  }
  child_.send(command);
  enter(Phase::ending, at_most);
}

void Supervision::clean_up() {
  read_the_rest(out());
  read_the_rest(err());
  child_.out.reset();
  child_.err.reset();
  child_.reap(gone_ ? kClearPatience : milliseconds(0));
  if (!ended_) {
    result_.exit_code = -1;
    result_.signal = SIGKILL;
  }
  if (!gone_ || lost_) kill_tagged_processes(spec_);
}

void Supervision::read_the_rest(const Output& from) {
  for (const std::uint64_t limit = from.memory.total() + kLargestPipe; from.memory.total() < limit;)
    if (!read_some(from)) return;
}

ChildResult not_started(ChildEnd end) {
  ChildResult result;
  result.end = end;
  result.has_started = false;
  result.exit_code = -1;
  return result;
}

}  // namespace

Result<ChildResult> run_child(const ChildSpec& spec, const CancelToken& cancel, const OnOutput& on_output) {
  const Steady asked = steady_now();
  if (cancel.cancelled()) return not_started(ChildEnd::cancelled);
  if (spec.clocks.total.passed(asked)) return not_started(ChildEnd::timed_out);
  TRY(Spawned child, spawn(spec));
  return Supervision(spec, cancel, on_output, std::move(child), asked).run();
}

}  // namespace delegate
