#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <iterator>

#include "core/os/launch.hpp"
#include "core/os/process.hpp"
#include "core/os/spawn.hpp"
#include "tests/unit/os/fake_child.hpp"

// When a run is over none of its processes is left, wherever they hide, and no other process is touched.
using namespace delegate_tests;

namespace {

std::vector<int> pids_in(const std::string& file) {
  std::ifstream in(file);
  return std::vector<int>(std::istream_iterator<int>(in), {});
}

bool all_die(const std::vector<int>& pids) {
  return std::all_of(pids.begin(), pids.end(), [](int pid) { return dies(pid); });
}

/// Waits for it: a process with threads, as under the thread sanitizer, counts as dead shortly before its sockets are
/// closed.
SupervisorEvent next_event(Spawned& child) {
  pollfd entry{child.control.get(), POLLIN, 0};
  REQUIRE(::poll(&entry, 1, 20'000) == 1);
  const auto event = child.receive();
  REQUIRE(event);
  return *event;
}

/// A process that belongs to no run, in the same group and environment as this one.
class Bystander {
 public:
  Bystander() : pid_(::fork()) {
    if (pid_ == 0) {
      ::execl(fake_cli().c_str(), "bystander", "--hang", nullptr);
      ::_exit(71);
    }
  }
  ~Bystander() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  bool lives() const { return is_running(pid_); }

 private:
  pid_t pid_;
};

/// All at once that a CLI can do to escape.
std::vector<std::string> escape_artist(const std::string& pids) {
  return {"--pids", pids, "--fork-sleeper", "--daemonise-sleeper", "--daemonise-stranger", "--fork-generations", "4"};
}

std::vector<std::string> with(std::vector<std::string> options, std::initializer_list<std::string> more) {
  options.insert(options.end(), more);
  return options;
}

constexpr std::size_t kArtists = 8;  // the child, one sleeper, two daemons, four generations

}  // namespace

TEST_CASE("after a stop no descendant is left, in whatever session or environment it hides") {
  const TemporaryDirectory place;
  const Bystander bystander;
  const bool deaf = GENERATE(false, true);
  ChildSpec spec =
      fake(with(escape_artist(place / "pids"), {"--say", "ready", deaf ? "--ignore-term" : "--cwd", "--hang"}));
  spec.term_grace = 50ms;
  const ChildResult result = run(spec, [](Stream, std::string_view) { return Flow::stop; });
  CHECK(result.end == ChildEnd::stopped);
  const std::vector<int> pids = pids_in(place / "pids");
  CHECK(pids.size() == kArtists);
  for (const int pid : pids) CHECK_FALSE(is_running(pid));
  CHECK(bystander.lives());
}

TEST_CASE("after a normal end no descendant is left") {
  const TemporaryDirectory place;
  const ChildResult result = run(fake(with(escape_artist(place / "pids"), {"--say", "done"})));
  CHECK(result.end == ChildEnd::exited);
  CHECK(result.out.text() == "done\n");
  CHECK(result.pipes_held);
  const std::vector<int> pids = pids_in(place / "pids");
  CHECK(pids.size() == kArtists);
  for (const int pid : pids) CHECK_FALSE(is_running(pid));
}

TEST_CASE("with keep_daemons a daemon survives a normal end, and a member of the group does not") {
  const TemporaryDirectory place;
  ChildSpec spec = fake({"--pids", place / "pids", "--daemonise-sleeper", "--fork-sleeper", "--say", "done"});
  spec.keep_daemons = true;
  CHECK(run(spec).out.text() == "done\n");
  const std::vector<int> pids = pids_in(place / "pids");
  REQUIRE(pids.size() == 3);
  CHECK(is_running(pids[1]));
  CHECK(dies(pids[2]));
  ::kill(pids[1], SIGKILL);
  CHECK(dies(pids[1]));
}

TEST_CASE("a daemon does not outlive a stop, with or without keep_daemons") {
  const TemporaryDirectory place;
  ChildSpec spec = fake({"--pids", place / "pids", "--daemonise-stranger", "--say", "ready", "--hang"});
  spec.keep_daemons = true;
  run(spec, [](Stream, std::string_view) { return Flow::stop; });
  for (const int pid : pids_in(place / "pids")) CHECK_FALSE(is_running(pid));
}

TEST_CASE("a process that keeps forking is caught") {
  const TemporaryDirectory place;
  const std::string tag = "runner-" + std::to_string(::getpid());
  ChildSpec spec = fake({"--fork-runner", "--say", "ready", "--hang"});
  spec.env.push_back("DELEGATE_TEST_RUN=" + tag);
  run(spec, [](Stream, std::string_view) { return Flow::stop; });
  CHECK(processes_tagged("DELEGATE_TEST_RUN", tag).empty());
}

TEST_CASE("the output of a child is not lost while its descendants are killed") {
  const ChildResult result =
      run(fake({"--daemonise-stranger", "--fork-sleeper", "--flood", "60k", "--say", "the last line"}));
  CHECK(result.out.text().ends_with("the last line\n"));
  CHECK(result.exit_code == 0);
}

TEST_CASE("if the supervisor is killed the child dies with it, and the tag finds the others") {
  const TemporaryDirectory place;
  ChildSpec spec = fake({"--pids", place / "pids", "--daemonise-sleeper", "--say", "ready", "--hang"});
  spec.tag_name = "DELEGATE_TEST_RUN";
  spec.env.push_back("DELEGATE_TEST_RUN=orphan-" + std::to_string(::getpid()));
  const ChildResult result = run(spec, [](Stream, std::string_view) {
    std::array<pid_t, 4> own{};
    REQUIRE(own_children(own) == 1);
    ::kill(own[0], SIGKILL);
    return Flow::go_on;
  });
  CHECK(result.end == ChildEnd::signalled);
  CHECK(result.signal == SIGKILL);
  const std::vector<int> pids = pids_in(place / "pids");
  CHECK(pids.size() == 2);
  CHECK(all_die(pids));
}

TEST_CASE("a call is seen as long as its supervisor lives, even if nothing that it started shows its mark") {
  const TemporaryDirectory place;
  const std::string run = "unseen-" + std::to_string(::getpid());
  const std::string mark = run + ".1";
  ChildSpec spec = fake({"--pids", place / "pids", "--hang"});
  spec.argv.insert(spec.argv.begin(), {"/usr/bin/env", "-i"});
  spec.tag_name = "DELEGATE_TEST_RUN";
  spec.env = {"DELEGATE_TEST_RUN=" + mark};
  Result<Spawned> child = spawn(spec);
  REQUIRE(child);
  const Deadline patience = Deadline::in(60s);
  while (pids_in(place / "pids").empty() && !patience.passed()) std::this_thread::yield();
  CHECK(processes_tagged(spec.tag_name, mark) == std::vector<int>{child->supervisor()});
  CHECK(has_processes_of_run(spec.tag_name, run));
  CHECK_FALSE(has_processes_of_run(spec.tag_name, run.substr(0, run.size() - 1)));
  CHECK_FALSE(has_processes_of_run(spec.tag_name, mark));
  CHECK(kill_tagged(spec.tag_name, mark) == 0);  // it ends what it supervises, and then by itself
  child->send(SupervisorCommand::kill_all);
  child->reap(20s);
  CHECK(processes_tagged(spec.tag_name, mark).empty());
  CHECK_FALSE(has_processes_of_run(spec.tag_name, run));
}

TEST_CASE("a child whose supervisor is killed before it can ask to die with it is never executed") {
  const TemporaryDirectory place;
  const ChildSpec spec = fake({"--pids", place / "pids"});
  const ExecArguments arguments(spec.argv, spec.env);
  int control[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) == 0);
  const Fd ours(control[0]), theirs(control[1]), null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const ChildImage image{.executable = spec.argv[0].c_str(),
                         .argv = arguments.argv(),
                         .env = arguments.env(),
                         .directory = -1,
                         .in = null.get(),
                         .out = null.get(),
                         .err = null.get(),
                         .control = theirs.get(),
                         .term_grace = 1s};
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // to see how the orphan ends
  const pid_t supervisor = ::fork();
  if (supervisor == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    supervise(image);
  }
  int status = 0;
  REQUIRE(::waitpid(supervisor, &status, 0) == supervisor);
  constexpr long kStopAtBirth = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
  REQUIRE(::ptrace(PTRACE_SETOPTIONS, supervisor, nullptr, kStopAtBirth) == 0);
  ::ptrace(PTRACE_CONT, supervisor, nullptr, nullptr);
  REQUIRE(::waitpid(supervisor, &status, 0) == supervisor);
  unsigned long child = 0;
  REQUIRE(::ptrace(PTRACE_GETEVENTMSG, supervisor, nullptr, &child) == 0);
  const auto pid = static_cast<pid_t>(child);
  REQUIRE(::waitpid(pid, &status, __WALL) == pid);  // before its first instruction
  ::kill(supervisor, SIGKILL);
  REQUIRE(::waitpid(supervisor, &status, 0) == supervisor);
  ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
  REQUIRE(::waitpid(pid, &status, __WALL) == pid);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  CHECK(WEXITSTATUS(status) == 127);
  CHECK(pids_in(place / "pids").empty());
}

TEST_CASE("a supervisor that ends before it has read its commands still reports how the child ended") {
  const TemporaryDirectory place;
  Result<Spawned> child = spawn(fake({"--pids", place / "pids", "--hang"}));
  REQUIRE(child);
  const Deadline patience = Deadline::in(60s);
  while (pids_in(place / "pids").empty() && !patience.passed()) std::this_thread::yield();
  std::array<pid_t, 2> own{};
  REQUIRE(own_children(own) == 1);
  ::kill(own[0], SIGSTOP);
  ::kill(pids_in(place / "pids").front(), SIGKILL);
  REQUIRE(dies(pids_in(place / "pids").front()));
  for (int i = 0; i < 3; ++i) child->send(SupervisorCommand::kill_all);  // one is read, which is enough
  ::kill(own[0], SIGCONT);
  REQUIRE(dies(own[0]));
  for (const int kind : {SupervisorEvent::ended, SupervisorEvent::gone, SupervisorEvent::lost})
    CHECK(next_event(*child).kind == kind);
}

TEST_CASE("if the owner is killed with SIGKILL nothing of its child is left") {
  const TemporaryDirectory place;
  const Bystander bystander;
  const pid_t owner = ::fork();
  if (owner == 0) {
    const CancelToken never;
    static_cast<void>(run_child(fake(with(escape_artist(place / "pids"), {"--ignore-term", "--hang"})), never));
    ::_exit(0);
  }
  const Deadline patience = Deadline::in(60s);
  while (pids_in(place / "pids").size() < kArtists && !patience.passed()) std::this_thread::yield();
  const std::vector<int> pids = pids_in(place / "pids");
  CHECK(pids.size() == kArtists);
  for (const int pid : pids) CHECK(is_running(pid));
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  CHECK(all_die(pids));
  CHECK(bystander.lives());
}

TEST_CASE("a child that has ended leaves no process of ours behind, not even a zombie") {
  for (int i = 0; i < 20; ++i) run(fake({"--daemonise-sleeper", "--say", "x"}));
  std::array<pid_t, 4> own{};
  CHECK(own_children(own) == 0);
}
