#include "core/os/confine.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <functional>

#include "tests/helpers/skip.hpp"

using namespace delegate;

namespace {

/// What `act` returns in a confined process; -1: this kernel confines nothing.
int confined(const std::function<int()>& act) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(confine_to_reading() ? act() : 255);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

/// 0, or the error of a call that returns less than 0.
int error_of(int result) { return result < 0 ? errno : 0; }

}  // namespace

TEST_CASE("a confined process can read, but not write, create, delete, run or connect") {
  if (confined([] { return 0; }) < 0) return delegate_tests::skip_visibly("this kernel has no Landlock");
  CHECK(confined([] { return error_of(::open("/etc/passwd", O_RDONLY)); }) == 0);
  CHECK(confined([] { return error_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }) == 0);
  CHECK(confined([] { return error_of(::open("/dev/null", O_WRONLY)); }) == EACCES);
  CHECK(confined([] { return error_of(::mkdir("/tmp/a-confined-process-made-this", 0700)); }) == EACCES);
  CHECK(confined([] {
          char program[] = "/bin/true";
          char* arguments[] = {program, nullptr};
          return error_of(::execv(program, arguments));
        }) == EACCES);
  const int connected = confined([] {
    const int tcp = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(1);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return error_of(::connect(tcp, reinterpret_cast<const sockaddr*>(&address), sizeof address));
  });
  CHECK((connected == EACCES || connected == ECONNREFUSED));  // before Linux 6.7
}
