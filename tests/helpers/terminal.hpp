#pragma once
#include <fcntl.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/os/fd.hpp"

namespace delegate::test {

/// A terminal: `screen` is the side that reads what the program writes, and types.
struct Terminal {
  Terminal() : screen(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    REQUIRE(::grantpt(screen.get()) == 0);
    REQUIRE(::unlockpt(screen.get()) == 0);
    program = Fd(::open(::ptsname(screen.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(program);
  }
  Fd screen;
  Fd program;
};

}  // namespace delegate::test
