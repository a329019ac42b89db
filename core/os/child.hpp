#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"
#include "core/base/text.hpp"
#include "core/os/cancel.hpp"

// Supervised child processes. A call blocks its thread until the child has ended and is reaped; any number of threads
// may each run one. Each child has its own supervisor (supervisor.hpp), so nothing the child starts can outlive the
// call, not even if this process is killed. It needs no SIGCHLD handler and disturbs none.
namespace delegate {

enum class Stream {
  out,
  err,
  log,  // of the child's own, see ChildSpec::log; neither output nor a sign of life
};

/// What the reader of the output wants next.
enum class Flow {
  go_on,
  idle,     // HTTP only: bytes came, but nothing that shows progress
  wind_up,  // it seems to be over; what belongs to it may follow for two seconds (a process: one second) from now on
  finish,   // the output is complete: allow `linger` to end by itself, then stop it; counts as a normal end
  stop,     // it cannot succeed any more: stop it now
};

struct ChildClocks {
  milliseconds first_output{0};  // nothing at all on stdout or stderr since the start; 0: not limited
  milliseconds idle{0};          // without a sign of life after the first byte on either; 0: not limited
  Deadline total = Deadline::never();
};

struct ChildSpec {
  std::vector<std::string> argv;  // argv[0] is the executable's absolute path
  std::vector<std::string> env;   // NAME=value, complete: nothing is inherited
  std::string cwd;                // empty: the caller's
  std::string_view input;         // written to stdin as the pipe drains; must outlive the call
  bool keeps_input_open = false;  // after the input, until Flow::finish: its end would stop the child
  ChildClocks clocks;
  milliseconds term_grace{500};   // between SIGTERM to the group and SIGKILL to all descendants
  milliseconds drain_grace{200};  // after the exit, for pipes that another process still holds open
  milliseconds linger{2000};      // after Flow::finish
  /// A number that changes while the child works, for example with its session file; empty: there is none. Asked, like
  /// CPU time and network traffic of its processes, only while it is silent. These signs of life hold up the idle clock
  /// and, if the child announces nothing before its answer, the one for the first output; never the total one.
  std::function<std::uint64_t()> trace;
  /// The pipe to which the child writes a log of its own (log_pipe.hpp), which the caller keeps open; -1: none.
  int log = -1;
  bool announces_start = true;  // false: it may work for long before it prints anything
  bool keep_daemons = false;    // after a normal end, spare descendants that left the group
  /// Environment variable that marks the processes of the run; its value in `env` is unique to the run. They are found
  /// by it if the supervisor was killed.
  std::string tag_name;
  std::size_t keep_head = 64u << 10;  // of each output, for messages; on_output gets everything
  std::size_t keep_tail = 64u << 10;
};

enum class ChildEnd {
  exited,           // by itself (or after Flow::finish): exit_code is set
  signalled,        // by a signal that we did not send: signal is set
  no_first_output,  // the three clocks
  idle,
  timed_out,
  cancelled,
  stopped,  // Flow::stop
};

struct ChildResult {
  ChildEnd end = ChildEnd::exited;
  int exit_code = 0;  // also after a stop; -1 if a signal ended it
  int signal = 0;
  bool has_started = true;     // false: it was cancelled, or its time was over, before anything was started
  bool input_written = false;  // every byte of the input went into the pipe
  bool killed = false;         // the child itself needed SIGKILL; if it does not end even then (it hangs in the
                               // kernel, or belongs to another user), it is abandoned after five seconds
  bool pipes_held = false;     // another process kept stdout or stderr open after the exit
  HeadAndTail out{0, 0};
  HeadAndTail err{0, 0};
  milliseconds since_last_output{0};            // silence before the end
  std::optional<milliseconds> since_last_work;  // … and since it was seen to work without output
  milliseconds took{0};
};

using OnOutput = std::function<Flow(Stream, std::string_view bytes)>;

/// Runs the child to its end. Rules:
/// - An argv array, never a shell; its own session and group, without a terminal; only the three standard descriptors;
///   default signal dispositions and an empty mask in the child; SIGPIPE never reaches this process.
/// - It is done when it has exited and then both pipes are at EOF or `drain_grace` is over. Then all descendants are
///   killed, in any group and session (with `keep_daemons`: only those left in its group).
/// - A stop (clock, cancel, Flow) sends TERM to the group, drains output for up to `term_grace`, then sends KILL to all
///   descendants. The end of this process, in any way, is such a stop too.
/// - `on_output` gets every byte read, also after it asked to finish; it can ask to stop until the end, also while the
///   pipes drain. Cancelled or timed out before the start: that end with exit_code -1, and nothing is started.
/// - If SIGCHLD is ignored, which a process can inherit, it is set to default: every exit code would be lost.
/// Fails only if nothing could be started: the executable or its interpreter is missing (Code::not_found), may not be
/// executed (permission_denied) or is not a program (unavailable); no process or descriptor is available
/// (resource_exhausted); the request is wrong: no such working directory, arguments too large, a NUL byte in one
/// (invalid_argument).
Result<ChildResult> run_child(const ChildSpec& spec, const CancelToken& cancel, const OnOutput& on_output = {});

}  // namespace delegate
