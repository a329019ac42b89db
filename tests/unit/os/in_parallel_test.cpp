#include "core/os/in_parallel.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

using namespace delegate;

TEST_CASE("work runs in a thread of its own") {
  CHECK(in_parallel([] { return std::this_thread::get_id(); }).get() != std::this_thread::get_id());
}

TEST_CASE("without a free thread the work is done all the same") {
  const pid_t limited = ::fork();
  if (limited == 0) {
    constexpr uid_t kAnother = 65'534;  // the limit does not apply to root
    const rlimit none{0, 0};
    if (::geteuid() == 0 && ::setresuid(kAnother, kAnother, kAnother) != 0) ::_exit(2);
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(3);
    auto work = in_parallel([] { return 7; });
    ::_exit(work.get() == 7 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(limited, &status, 0) == limited);
  CHECK(status == 0);
}
