#include "core/os/child.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "core/os/process.hpp"
#include "core/os/sigpipe.hpp"
#include "core/os/spawn.hpp"

namespace delegate {
namespace {

constexpr std::size_t kChunk = 64u << 10;
constexpr std::size_t kLargestPipe = 1u << 20;  // what can at most still be in a pipe whose writers are gone
// A child that SIGKILL does not end hangs in the kernel (a dead network disk) or is another user's by now.
constexpr milliseconds kKillPatience{5000};
constexpr milliseconds kBlindCheck{100};  // how often to look at a cancel token that got no fd

Steady now() { return std::chrono::steady_clock::now(); }

milliseconds whole(Steady::duration span) {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(span));
}

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
    while (phase_ != Phase::over) turn();
    clear_up();
    result_.since_last_output = whole(decided_ - last_output_);
    result_.took = whole(now() - asked_);
    return std::move(result_);
  }

 private:
  enum class Phase {
    running,
    lingering,    // the reader has all it wants; the child may still end by itself
    terminating,  // SIGTERM is sent
    killing,      // SIGKILL is sent
    draining,     // the child has exited; others may hold its pipes
    over,
  };
  struct Output {
    Stream stream;
    Fd& pipe;
    HeadAndTail& memory;
  };

  Output out() { return {Stream::out, child_.out, result_.out}; }
  Output err() { return {Stream::err, child_.err, result_.err}; }

  void turn();
  timespec longest_wait() const;
  Deadline next_deadline() const;
  Deadline silence_limit() const;
  bool read_some(const Output& from);
  void obey(Flow flow);
  void feed();
  void close_input();
  void note_exit();
  void check_clocks(bool heard_now);
  void check_running(bool heard_now);
  void enter(Phase phase, milliseconds at_most);
  void decide(ChildEnd end);
  void stop(ChildEnd end);
  void clear_up();
  void read_the_rest(const Output& from);
  void kill_escaped() const;

  const ChildSpec& spec_;
  const CancelToken& cancel_;
  const OnOutput& on_output_;
  Spawned child_;
  ChildResult result_;
  std::array<char, kChunk> buffer_;

  Phase phase_ = Phase::running;
  Deadline phase_ends_ = Deadline::never();
  std::size_t written_ = 0;
  bool heard_ = false;     // a byte came, on either stream
  bool exited_ = false;    // the leader is a zombie or reaped
  bool finished_ = false;  // Flow::finish: whatever comes now is a normal end
  bool stopped_ = false;   // the end was our decision
  const Steady asked_;
  Steady last_output_ = now();  // the start, until something comes
  Steady decided_ = last_output_;
};

void Supervision::turn() {
  const bool cancel_matters = phase_ == Phase::running || phase_ == Phase::lingering || phase_ == Phase::draining;
  std::array<pollfd, 5> set{{{exited_ ? -1 : child_.pidfd.get(), POLLIN, 0},
                             {child_.input.get(), POLLOUT, 0},
                             {child_.out.get(), POLLIN, 0},
                             {child_.err.get(), POLLIN, 0},
                             {cancel_matters ? cancel_.fd() : -1, POLLIN, 0}}};
  const timespec wait = longest_wait();
  if (::ppoll(set.data(), set.size(), &wait, nullptr) < 0) {
    for (pollfd& entry : set) entry.revents = 0;  // EINTR: only the clocks
  }
  if (set[1].revents != 0) feed();
  const bool out_heard = set[2].revents != 0 && read_some(out());
  const bool err_heard = set[3].revents != 0 && read_some(err());
  if (set[0].revents != 0) note_exit();
  check_clocks(out_heard || err_heard);
}

timespec Supervision::longest_wait() const {
  Deadline until = next_deadline();
  if (cancel_.fd() < 0) until = until.or_earlier(Deadline::in(kBlindCheck));
  return to_timespec(until.left().value_or(std::chrono::hours(1)));
}

Deadline Supervision::next_deadline() const {
  if (phase_ == Phase::running) return silence_limit().or_earlier(spec_.clocks.total);
  if (phase_ == Phase::lingering) return phase_ends_.or_earlier(spec_.clocks.total);
  return phase_ends_;
}

Deadline Supervision::silence_limit() const {
  const milliseconds limit = heard_ ? spec_.clocks.idle : spec_.clocks.first_output;
  return limit.count() > 0 ? Deadline::at(last_output_ + limit) : Deadline::never();
}

bool Supervision::read_some(const Output& from) {
  if (!from.pipe) return false;
  const ssize_t count = ::read(from.pipe.get(), buffer_.data(), buffer_.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (count <= 0) {
    from.pipe.reset();
    return false;
  }
  const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(count));
  heard_ = true;
  last_output_ = now();
  from.memory.add(bytes);
  if (on_output_) obey(on_output_(from.stream, bytes));
  return true;
}

void Supervision::obey(Flow flow) {
  if (flow == Flow::go_on || stopped_) return;
  if (flow == Flow::stop) return stop(ChildEnd::stopped);
  if (finished_) return;
  finished_ = true;
  if (phase_ == Phase::running) enter(Phase::lingering, spec_.linger);
  if (phase_ == Phase::draining) phase_ = Phase::over;
}

void Supervision::feed() {
  const std::string_view rest = spec_.input.substr(written_);
  const NoSigpipe no_sigpipe;
  const ssize_t count = ::write(child_.input.get(), rest.data(), rest.size());
  if (count > 0) written_ += static_cast<std::size_t>(count);
  const bool broken = count < 0 && errno != EINTR && errno != EAGAIN;
  if (broken || written_ == spec_.input.size()) close_input();
}

void Supervision::close_input() {
  child_.input.reset();
  result_.input_written = written_ == spec_.input.size();
}

void Supervision::note_exit() {
  siginfo_t info{};
  const auto pidfd = static_cast<id_t>(child_.pidfd.get());
  // WNOWAIT: the zombie keeps its pid, and with it the group's id, ours until the group is gone.
  const int answer = ::waitid(P_PIDFD, pidfd, &info, WEXITED | WNOWAIT | WNOHANG);
  if (answer != 0 && errno == EINTR) return;
  if (answer == 0 && info.si_pid == 0) return;
  exited_ = true;
  if (answer != 0) child_.disown();  // somebody else in this process has reaped it: how it ended is lost
  const bool of_a_signal = answer == 0 && info.si_code != CLD_EXITED;
  result_.exit_code = answer == 0 && !of_a_signal ? info.si_status : -1;
  result_.signal = of_a_signal ? info.si_status : 0;
  if (!stopped_) decide(of_a_signal && !finished_ ? ChildEnd::signalled : ChildEnd::exited);
  close_input();
  if (finished_) phase_ = Phase::over;
  else enter(Phase::draining, spec_.drain_grace);
}

void Supervision::check_clocks(bool heard_now) {
  const bool phase_ended = phase_ends_.passed();
  switch (phase_) {
    case Phase::running: return check_running(heard_now);
    case Phase::lingering:
      if (phase_ended || cancel_.cancelled() || spec_.clocks.total.passed()) stop(ChildEnd::exited);
      return;
    case Phase::terminating:
      if (!phase_ended) return;
      result_.killed = true;
      child_.signal_group(SIGKILL);
      return enter(Phase::killing, kKillPatience);
    case Phase::draining:
      if (phase_ended || cancel_.cancelled() || (!child_.out && !child_.err)) phase_ = Phase::over;
      return;
    case Phase::killing:
      if (phase_ended) phase_ = Phase::over;
      return;
    case Phase::over: return;
  }
}

void Supervision::check_running(bool heard_now) {
  if (cancel_.cancelled()) return stop(ChildEnd::cancelled);
  if (spec_.clocks.total.passed()) return stop(ChildEnd::timed_out);
  // A slow reader is not a silent child: silence counts only once there was nothing to read.
  if (!heard_now && silence_limit().passed()) stop(heard_ ? ChildEnd::idle : ChildEnd::no_first_output);
}

void Supervision::enter(Phase phase, milliseconds at_most) {
  phase_ = phase;
  phase_ends_ = Deadline::in(at_most);
}

void Supervision::decide(ChildEnd end) {
  result_.end = end;
  decided_ = now();
}

void Supervision::stop(ChildEnd end) {
  stopped_ = true;
  decide(end);
  if (exited_) {
    phase_ = Phase::over;
    return;
  }
  close_input();
  child_.signal_group(SIGTERM);
  child_.signal_group(SIGCONT);  // one that is stopped could not act on the TERM
  enter(Phase::terminating, spec_.term_grace);
}

void Supervision::clear_up() {
  read_the_rest(out());
  read_the_rest(err());
  result_.pipes_held = exited_ && (child_.out || child_.err);
  child_.signal_group(SIGKILL);
  read_the_rest(out());  // what its members wrote until now
  read_the_rest(err());
  child_.out.reset();
  child_.err.reset();
  child_.reap(exited_ ? Wait::until_gone : Wait::no);
  if (!exited_) {
    result_.exit_code = -1;
    result_.signal = SIGKILL;
  }
  if (stopped_) kill_escaped();
}

void Supervision::read_the_rest(const Output& from) {
  for (const std::uint64_t limit = from.memory.total() + kLargestPipe; from.memory.total() < limit;)
    if (!read_some(from)) return;
}

void Supervision::kill_escaped() const {
  if (spec_.tag_name.empty()) return;
  const std::string prefix = spec_.tag_name + "=";
  for (const std::string& variable : spec_.env)
    if (variable.compare(0, prefix.size(), prefix) == 0) kill_tagged(spec_.tag_name, variable.substr(prefix.size()));
}

ChildResult not_started(ChildEnd end) {
  ChildResult result;
  result.end = end;
  result.exit_code = -1;
  return result;
}

}  // namespace

Result<ChildResult> run_child(const ChildSpec& spec, const CancelToken& cancel, const OnOutput& on_output) {
  const Steady asked = now();
  if (cancel.cancelled()) return not_started(ChildEnd::cancelled);
  if (spec.clocks.total.passed(asked)) return not_started(ChildEnd::timed_out);
  TRY(Spawned child, spawn(spec));
  return Supervision(spec, cancel, on_output, std::move(child), asked).run();
}

}  // namespace delegate
