#pragma once
#include <sys/types.h>

#include "core/base/deadline.hpp"

// One small process stands between this one and each child: the child's parent, and the subreaper of everything that
// descends from it. So no descendant can get away, not by setsid and not by daemonising: when its own parent is gone it
// becomes the supervisor's child. And a supervisor only ever kills its own children, whose pids nobody else can have
// while it has not reaped them; it works its way down from generation to generation until none is left.
//
// A socket ties it to its owner. When the owner is gone, whatever way it went, the supervisor stops the run and goes,
// too. It holds no other descriptor of its owner, and not its terminal.
namespace delegate {

/// What the owner asks for, one byte each. The end of the socket is a `stop`.
enum class Order : char {
  stop = 's',    // TERM to the group; after the grace, or when the child has ended, KILL to all that descends from it
  clear = 'c',   // KILL to all that descends from it
  let_go = 'l',  // KILL to its group; what left the group is no longer ours
};

/// What the supervisor tells, one packet each.
struct Tiding {
  enum Kind : int {
    started,
    not_started,  // value: errno
    ended,        // the child itself; value: exit code, or -1 and its signal
    gone,         // nobody is left, or cannot be killed; value: 1 if KILL was needed for the child itself
    lost,         // never sent: somebody has killed the supervisor, and the child died with it
  };
  int kind = started;
  int value = 0;
  int signal = 0;
};

/// All that is needed after the fork, when nothing may be allocated any more.
struct ChildImage {
  const char* executable;
  char* const* argv;
  char* const* env;
  int directory;  // to change to; -1: none
  int in, out, err;
  int control;  // the supervisor's end of a SOCK_SEQPACKET pair
  milliseconds term_grace;
};

/// The life of a supervisor. Called in a forked process, with all signals blocked; only makes system calls.
[[noreturn]] void supervise(const ChildImage& image);

}  // namespace delegate
