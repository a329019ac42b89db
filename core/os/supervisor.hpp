#pragma once
#include <sys/types.h>

#include "core/base/deadline.hpp"

// A small process stands between this one and each child. It is the child's parent and the subreaper of all its
// descendants, so none can escape: one that calls setsid or daemonises becomes the supervisor's child when its own
// parent ends. The supervisor kills only its own children, whose pids cannot be reused before it reaps them, and works
// down from generation to generation until none is left.
//
// A socket connects it to its owner. When the owner ends, in whatever way, the supervisor stops the run and ends too.
// It holds no other descriptor of its owner, and not its terminal.
namespace delegate {

/// Sent by the owner, one byte each. The end of the socket means `stop`.
enum class SupervisorCommand : char {
  stop = 's',        // TERM to the group; after the grace period, or once the child has ended, kill_all
  kill_all = 'c',    // KILL to all descendants
  kill_group = 'l',  // KILL to the child's group; descendants that left the group keep running
};

/// Sent by the supervisor, one packet each.
struct SupervisorEvent {
  enum Kind : int {
    started,
    not_started,  // value: errno
    ended,        // the child itself; value: exit code, or -1 and its signal
    gone,         // no descendant is left, or none that can be killed; value: 1 if the child itself needed KILL
    lost,         // never sent: the supervisor was killed, and the child with it
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

/// The life of a supervisor. Called in a forked process, with all signals blocked. System calls only.
[[noreturn]] void supervise(const ChildImage& image);

}  // namespace delegate
