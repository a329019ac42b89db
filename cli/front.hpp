#pragma once
#include "cli/world.hpp"

namespace delegate::cli {

/// Lets the person go while there is still something to do. `start` splits the program in two: the caller goes on in
/// the child, which does all the work with the inherited streams; the front process only waits for its exit code,
/// passes signals on, and leaves. If the front is killed, the child is told by SIGTERM.
class Front {
 public:
  /// Must be called while the process has one thread and no open store. In the front process it does not return.
  /// False: there are no processes to be had, and everything is done in this one.
  bool start();

  /// The answer is out: the front ends with this code and the caller goes on in the background, detached from the
  /// terminal and the streams. Does nothing without a front.
  void leave(int exit_code);

  /// The same, also without a front: true in the process that is in the background now, false in the one that the
  /// person waits for and that is to end. Must be called while the process has one thread and no open store.
  bool stay_behind(int exit_code);

 private:
  int report_ = -1;  // write end of the pipe that the front waits on
};

}  // namespace delegate::cli
