#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/canary/lab.hpp"

using namespace delegate;
using namespace delegate::test;

namespace {

using Lines = std::vector<std::string>;

/// A process with the name of one of delegate's that does not reap its child.
class ParentOfZombie {
 public:
  ParentOfZombie() {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_NAME, "delegate-worker");
      const pid_t child = ::fork();
      if (child == 0) ::_exit(0);
      siginfo_t ended;
      ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
      if (::write(ready[1], &child, sizeof child) != sizeof child) ::_exit(1);
      for (;;) ::pause();
    }
    REQUIRE(::read(ready[0], &zombie_, sizeof zombie_) == sizeof zombie_);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~ParentOfZombie() { end(); }
  void end() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  pid_t zombie() const { return zombie_; }
  ProcessId id() const { return id_of(pid_); }

 private:
  pid_t pid_ = -1;
  pid_t zombie_ = -1;
};

}  // namespace

TEST_CASE("E-01: a background run that is recorded as running without its process is a violation until it is marked") {
  CanaryLab lab;
  IdleProcess owner;
  lab.add_job(kRunA, JobRow::State::running, owner.id());
  CHECK(lab.verdict("E-01") == "held");
  owner.end();
  CHECK(lab.verdict("E-01") == "violated");
  CHECK(lab.found("E-01").at(0).starts_with("run " + kRunA + " is recorded as running, but its process ("));
  REQUIRE(lab.store().jobs()->recover([](const JobRow&) { return true; }, 1s));
  CHECK(lab.verdict("E-01") == "held");
}

TEST_CASE("E-01: a run whose process is gone while its CLI lives is still ending") {
  CanaryLab lab;
  IdleProcess owner;
  IdleProcess cli(kRunA + ".1");
  lab.add_job(kRunA, JobRow::State::running, owner.id());
  owner.end();
  CHECK(lab.verdict("E-01") == "held");
  cli.end();
  CHECK(lab.verdict("E-01") == "violated");
}

TEST_CASE(
    "E-01: a turn that no process takes for a minute after its dispatcher ended is a violation until it is returned") {
  CanaryLab lab;
  IdleProcess dispatcher;
  lab.add_job(kRunA, JobRow::State::waiting, {});
  REQUIRE(lab.store().jobs()->lead(dispatcher.id(), 1h, [](const ProcessId&) { return false; }));
  REQUIRE(lab.store().jobs()->give_turn(lab.store().jobs()->find(kRunA).value(), dispatcher.id(), 4) ==
          Jobs::Turn::given);
  dispatcher.end();
  CHECK(lab.verdict("E-01") == "held");
  lab.clock.pass(61s);
  CHECK(lab.verdict("E-01") == "violated");
  CHECK(lab.found("E-01").at(0).starts_with("run " + kRunA + " has its turn, but no process takes it"));
  REQUIRE(lab.store().jobs()->recover([](const JobRow&) { return true; }, 1s));
  CHECK(lab.verdict("E-01") == "held");
}

TEST_CASE("E-01: what was noted before a reboot does not count") {
  CanaryLab lab;
  IdleProcess dispatcher;
  lab.add_job(kRunA, JobRow::State::waiting, {});
  REQUIRE(lab.store().jobs()->lead(dispatcher.id(), 1h, [](const ProcessId&) { return false; }));
  REQUIRE(lab.store().jobs()->give_turn(lab.store().jobs()->find(kRunA).value(), dispatcher.id(), 4) ==
          Jobs::Turn::given);
  dispatcher.end();
  CHECK(lab.verdict("E-01") == "held");
  lab.clock.pass(61s);
  lab.tamper("UPDATE canary SET notes = replace(notes, '" + lab.clock.now().boot_id + "', 'an earlier boot')");
  CHECK(lab.verdict("E-01") == "held");
}

TEST_CASE("E-02: a run that was marked as killed before its start, by an earlier version, may be revived") {
  CanaryLab lab;
  lab.add_job(kRunA, JobRow::State::waiting, {});
  lab.tamper("UPDATE jobs SET state = 3, ended_at = 5");
  const auto all = [&] {
    std::string verdicts;
    for (const char* id : {"E-01", "E-02", "E-03", "L-03"}) verdicts += lab.verdict(id) + " ";
    return verdicts;
  };
  CHECK(all() == "held held held held ");
  REQUIRE(lab.store().jobs()->recover([](const JobRow&) { return false; }, 1s));
  REQUIRE(lab.store().jobs()->find(kRunA)->state == JobRow::State::waiting);
  CHECK(all() == "held held held held ");
}

TEST_CASE("E-02: a run that had ended and goes on is a violation until it ends again") {
  CanaryLab lab;
  lab.add_job(kRunA, JobRow::State::ended, {});
  lab.add_job(kRunB, JobRow::State::ended, {});
  CHECK(lab.verdict("E-02") == "held");
  lab.tamper("UPDATE jobs SET state = 1, ended_at = NULL WHERE id = '" + kRunA +
             "'");  // seen by what the cycle remembers
  lab.tamper("UPDATE jobs SET state = 0, ended_at = 5 WHERE id = '" + kRunB +
             "'");  // … and by what the row says itself
  CHECK(lab.verdict("E-02") == "violated");
  CHECK(lab.found("E-02") ==
        Lines{"run " + kRunB + " had ended, and is queued now", "run " + kRunA + " had ended, and is running now"});
  CHECK(lab.verdict("E-02") == "violated");  // not only in the first cycle
  lab.tamper("UPDATE jobs SET state = 2, ended_at = 6");
  CHECK(lab.verdict("E-02") == "held");
}

TEST_CASE("E-03: a queued run without its request, and a request without its run, are violations") {
  CanaryLab lab;
  lab.add_job(kRunA, JobRow::State::waiting, {});
  lab.add_job(kRunB, JobRow::State::running, lab.self());
  CHECK(lab.verdict("E-03") == "held");
  lab.tamper("DELETE FROM job_requests WHERE id = '" + kRunA + "'");
  lab.tamper("INSERT INTO job_requests VALUES ('" + kRunB + "', '{}', '{}')");
  CHECK(lab.verdict("E-03") == "violated");
  CHECK(lab.found("E-03") == Lines{"run " + kRunA + " is queued without its request",
                                   "the request of run " + kRunB + " is stored, but the run does not wait"});
  lab.tamper("DELETE FROM job_requests; DELETE FROM jobs");
  CHECK(lab.verdict("E-03") == "held");
}

TEST_CASE("E-05: a run beyond its time that makes no call is a violation until it ends") {
  CanaryLab lab;
  IdleProcess owner;
  lab.add_run(kRunA, owner.id(), 15min);
  CHECK(lab.verdict("E-05") == "held");
  lab.clock.pass(61s);
  CHECK(lab.verdict("E-05") == "violated");
  CHECK(lab.found("E-05") == Lines{"run " + kRunA + " has run for 16 m 1 s and makes no call (process " +
                                   std::to_string(owner.pid()) + ")"});
  REQUIRE(lab.store().ledger().finish_run({.id = kRunA, .outcome = "answered"}, 100));
  CHECK(lab.verdict("E-05") == "held");
}

TEST_CASE("E-05: a call in progress, a place in a line, a wait for a breaker and a killed process are no violation") {
  CanaryLab lab;
  IdleProcess owner;
  lab.add_run(kRunA, owner.id(), 1h);
  SECTION("a call: --timeout may be longer than usual") {
    lab.set("codex", [&](BackendState& state, const HostTime&) { state.slots = {lab.slot(kRunA + ".1", owner.id())}; });
  }
  SECTION("a place in a line") {
    lab.set("codex", [&](BackendState& state, const HostTime&) { state.waiting = {lab.slot("w", owner.id())}; });
  }
  SECTION("a background run that waits") { lab.add_job(kRunA, JobRow::State::yielded, owner.id()); }
  SECTION("a killed process: `runs` shows it as killed") { owner.end(); }
  CHECK(lab.verdict("E-05") == "held");
}

TEST_CASE("E-06: a process that outlives its killed run for a minute is a violation until it ends") {
  CanaryLab lab;
  IdleProcess owner;
  IdleProcess orphan(kRunA + ".1");
  lab.add_run(kRunA, owner.id());
  CHECK(lab.verdict("E-06") == "held");
  owner.end();
  CHECK(lab.verdict("E-06") == "held");  // what supervises it is about to stop it
  lab.clock.pass(61s);
  CHECK(lab.verdict("E-06") == "violated");
  CHECK(lab.found("E-06") ==
        Lines{"sleep (process " + std::to_string(orphan.pid()) + ") is left of run " + kRunA + ", which was killed"});
  orphan.end();
  CHECK(lab.verdict("E-06") == "held");
}

TEST_CASE("E-06: a process that a finished run has left behind was allowed to stay") {
  CanaryLab lab;
  IdleProcess daemon(kRunA + ".1");
  lab.add_run(kRunA, lab.self());
  REQUIRE(lab.store().ledger().finish_run({.id = kRunA, .outcome = "answered"}, 100));
  CHECK(lab.verdict("E-06") == "held");
  lab.clock.pass(61s);
  CHECK(lab.verdict("E-06") == "held");
}

TEST_CASE("E-06: a child that a process of delegate does not reap for a minute is a violation until it is reaped") {
  CanaryLab lab;
  ParentOfZombie parent;
  REQUIRE(lab.store().jobs()->lead(parent.id(), 1h, [](const ProcessId&) { return false; }));
  CHECK(lab.verdict("E-06") == "held");
  lab.clock.pass(61s);
  CHECK(lab.verdict("E-06") == "violated");
  CHECK(lab.found("E-06").at(0).find("(process " + std::to_string(parent.zombie()) + ") has ended") !=
        std::string::npos);
  parent.end();
  CHECK(lab.verdict("E-06") == "held");
}
