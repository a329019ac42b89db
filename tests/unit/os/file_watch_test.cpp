#include "core/os/file_watch.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

#include "core/os/process.hpp"
#include "core/os/scratch_directory.hpp"
#include "core/os/wake_signal.hpp"

using namespace delegate;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kPatience{120'000};  // ends a test that would hang

struct Watched {
  Watched() { REQUIRE(write_private_file(directory.path() / "state.db", "")); }
  ScratchDirectory directory =
      ScratchDirectory::create(Directory::open(std::filesystem::temp_directory_path()).value()).value();
  FileWatch watch{directory.path(), "state.db"};
  CancelToken cancel;

  /// True: something happened before the deadline.
  bool wait(Deadline deadline, std::span<const Fd> processes = {}) {
    watch.wait(cancel, deadline, processes);
    return !deadline.passed();
  }
};

}  // namespace

TEST_CASE("a watch notices files of the given name that are written, created or deleted, and no others") {
  Watched place;
  for (const char* name : {"state.db", "state.db-wal"}) {
    INFO(name);
    REQUIRE(write_private_file(place.directory.path() / name, "new"));
    CHECK(place.wait(Deadline::in(kPatience)));
    while (place.wait(Deadline::in(20ms))) continue;  // whatever is left of that change
  }
  REQUIRE(write_private_file(place.directory.path() / "another", "new"));
  CHECK_FALSE(place.wait(Deadline::in(20ms)));
  std::filesystem::remove(place.directory.path() / "state.db-wal");
  CHECK(place.wait(Deadline::in(kPatience)));
}

TEST_CASE("a watch ends with a cancel and with the end of a process, and without a directory at its deadline") {
  Watched place;
  SECTION("a cancel") {
    place.cancel.cancel();
    CHECK(place.wait(Deadline::in(kPatience)));
  }
  SECTION("a process") {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    std::vector<Fd> processes;
    processes.push_back(open_pidfd(child));
    CHECK(place.wait(Deadline::in(kPatience), processes));
    ::waitpid(child, nullptr, 0);
  }
  SECTION("no directory") {
    FileWatch blind(place.directory.path() / "nowhere", "state.db");
    const Deadline deadline = Deadline::in(5ms);
    blind.wait(place.cancel, deadline);
    CHECK(deadline.passed());
  }
}

TEST_CASE("a wake-up is received through a descriptor and does not end the process") {
  const pid_t child = ::fork();
  if (child == 0) {
    WakeSignal wake;
    ::raise(SIGUSR1);
    const Fd self = open_pidfd(::getpid());
    const bool sent = WakeSignal::send(self);
    char nothing = 0;
    wake.take();
    ::_exit(sent && ::read(wake.fd(), &nothing, 1) < 0 ? 0 : 1);  // both were taken
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
