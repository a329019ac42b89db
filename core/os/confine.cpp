#include "core/os/confine.hpp"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "core/os/fd.hpp"

namespace delegate {
namespace {

// Numbers of the kernel's interface, which never change. The headers of Debian 12 do not have all of them.
constexpr unsigned kAskForVersion = 1;
constexpr int kFirstWithTruncate = 3;
constexpr int kFirstWithNetwork = 4;
constexpr std::uint64_t kReading = 1U << 2 | 1U << 3;                // files, directories
constexpr std::uint64_t kFileSystem = (1U << 13) - 1;                // all rights of version 1
constexpr std::uint64_t kMoving = 1U << 13, kTruncating = 1U << 14;  // versions 2 and 3
constexpr std::uint64_t kTcp = 1U << 0 | 1U << 1;                    // bind, connect

struct Ruleset {
  std::uint64_t file_system;
  std::uint64_t network;
};

}  // namespace

bool confine_to_reading() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskForVersion);
  if (version < 1) return false;
  Ruleset denied{.file_system = kFileSystem & ~kReading, .network = 0};
  if (version > 1) denied.file_system |= kMoving;
  if (version >= kFirstWithTruncate) denied.file_system |= kTruncating;
  if (version >= kFirstWithNetwork) denied.network = kTcp;
  // An older kernel refuses a structure that is longer than its own.
  const std::size_t size = version >= kFirstWithNetwork ? sizeof denied : sizeof denied.file_system;
  const Fd rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &denied, size, 0)));
  return rules && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::syscall(SYS_landlock_restrict_self, rules.get(), 0) == 0;
}

}  // namespace delegate
