#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"
#include "core/base/text.hpp"
#include "core/os/cancel.hpp"

// Supervised child processes. A call blocks its thread until the child is gone and reaped; any number of threads may
// each run one. Each child has a supervisor of its own (supervisor.hpp), so that nothing of it can outlive the call,
// not even when this process is killed. No SIGCHLD handler is needed and none is disturbed.
namespace delegate {

enum class Stream { out, err };

/// What the reader of the output wants next.
enum class Flow {
  go_on,
  finish,  // all that matters has come: give it `linger` to end by itself, then stop it; counts as a normal end
  stop,    // it cannot succeed any more: stop it now
};

struct ChildClocks {
  milliseconds first_output{0};  // nothing at all on stdout or stderr since the start; 0: not limited
  milliseconds idle{0};          // silence after the last byte on either; 0: not limited
  Deadline total = Deadline::never();
};

struct ChildSpec {
  std::vector<std::string> argv;  // argv[0] is the executable's absolute path
  std::vector<std::string> env;   // NAME=value, complete: nothing is inherited
  std::string cwd;                // empty: the caller's
  std::string_view input;         // goes to stdin as the pipe drains; the caller keeps it alive during the call
  ChildClocks clocks;
  milliseconds term_grace{500};   // between SIGTERM to the group and SIGKILL to all that descends from it
  milliseconds drain_grace{200};  // after the exit, for pipes that somebody else still holds open
  milliseconds linger{2000};      // after Flow::finish
  bool keep_daemons = false;      // after a normal end, leave alone what has left the group
  /// Environment variable that marks the run's processes (its value is in `env` and this run's alone): how they are
  /// found should somebody have killed the supervisor.
  std::string tag_name;
  std::size_t keep_head = 64u << 10;  // of each output, for messages; the whole stream goes through on_output
  std::size_t keep_tail = 64u << 10;
};

enum class ChildEnd {
  exited,           // by itself (or after Flow::finish): exit_code is set
  signalled,        // died of a signal that we did not send: signal is set
  no_first_output,  // the three clocks
  idle,
  timed_out,
  cancelled,
  stopped,  // Flow::stop
};

struct ChildResult {
  ChildEnd end = ChildEnd::exited;
  int exit_code = 0;  // as seen when reaped, also after a stop; -1 if it died of a signal
  int signal = 0;
  bool input_written = false;  // every byte of the input went into the pipe
  bool killed = false;         // SIGKILL was needed for the child itself; one that even so does not end (it hangs in
                               // the kernel, or is another user's) is left behind after five seconds
  bool pipes_held = false;     // somebody kept stdout or stderr open past the exit and was cut off
  HeadAndTail out{0, 0};
  HeadAndTail err{0, 0};
  milliseconds since_last_output{0};  // silence before the end
  milliseconds took{0};
};

using OnOutput = std::function<Flow(Stream, std::string_view bytes)>;

/// Runs the child to its end. Rules:
/// - An argv array, never a shell; own session and so own process group, without a terminal; only the three standard
///   fds; default signal dispositions and an empty mask in the child; SIGPIPE never reaches this process.
/// - Done is: exited, then both pipes at EOF or `drain_grace` over. Then all that descends from the child is killed,
///   whatever group or session it is in (with `keep_daemons`: what is left of its group).
/// - A stop (clock, cancel, Flow) is TERM to the group, up to `term_grace` during which output is still drained, then
///   KILL to all that descends from the child. The end of this process is such a stop, too, however it came.
/// - `on_output` gets every byte read, also after it asked for the end; a `stop` counts until the end, also while the
///   pipes drain. Cancelled or late before the start: that end with exit_code -1, and nothing is started.
/// - An ignored SIGCHLD, which is inherited, is set to default for the process: it would lose every exit code.
/// Fails only when nothing could be started: the executable or its interpreter is missing (Code::not_found), may not
/// be executed (permission_denied) or is none (unavailable); no room (resource_exhausted); the request is wrong: no
/// such working directory, arguments too large, a NUL byte in one (invalid_argument).
Result<ChildResult> run_child(const ChildSpec& spec, const CancelToken& cancel, const OnOutput& on_output = {});

}  // namespace delegate
