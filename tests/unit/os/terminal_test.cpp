#include "core/os/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/helpers/terminal.hpp"

using namespace delegate;
using delegate::test::Terminal;
using namespace std::chrono_literals;

TEST_CASE("a write that a terminal accepts only in part ends, with an error that says so") {
  const Terminal terminal;
  const Status written = write_to_terminal(terminal.program.get(), std::string(1'000'000, 'x'), 50ms);
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Code::deadline_exceeded);
  CHECK(written.error().what == "the terminal accepted only a part of it");
  CHECK((::fcntl(terminal.program.get(), F_GETFL) & O_NONBLOCK) == 0);  // its other users would share the flag
}

TEST_CASE("a terminal that is gone and one that is not open for writing are different errors") {
  Terminal terminal;
  const Fd deaf(::open(::ptsname(terminal.screen.get()), O_RDONLY | O_NOCTTY | O_CLOEXEC));
  CHECK(write_to_terminal(deaf.get(), "x", 1s).error().what == "the terminal: bad file descriptor");
  terminal.screen.reset();
  CHECK(write_to_terminal(terminal.program.get(), "x", 1s).error().code == Code::closed);
}
