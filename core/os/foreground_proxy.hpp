#pragma once
#include "core/os/fd.hpp"

namespace delegate {

/// Lets a person continue while this program still has work to do. `start` splits the process in two: the caller goes
/// on in the child, which does all the work with the inherited streams; the foreground process only passes signals on
/// and waits for the exit code to leave with. If the foreground process is killed, the child gets SIGTERM.
class ForegroundProxy {
 public:
  /// Call it while the process has one thread and no open store. Does not return in the foreground process.
  /// False: no process could be started, and this one does everything itself.
  bool start();

  /// The foreground process ends with this code; the caller goes on in the background, detached from the terminal and
  /// the streams. Does nothing if `start` was not called or failed.
  void leave(int exit_code);

  /// The same, also without `start`: true in the process that is now in the background, false in the one the person
  /// waits for, which is to end. Call it while the process has one thread and no open store.
  bool stay_behind(int exit_code);

 private:
  Fd report_;  // write end of the pipe that the foreground process reads the exit code from
};

}  // namespace delegate
