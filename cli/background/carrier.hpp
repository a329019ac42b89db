#pragma once
#include <sys/types.h>

#include <string>
#include <variant>

#include "cli/world.hpp"
#include "core/base/result.hpp"
#include "core/os/fd.hpp"
#include "core/run/request.hpp"

// A run in the background is a process of its own, the carrier: `delegate carry ID`. It takes its request from stdin,
// so that no prompt is ever in an argument list, and says on stdout, one JSON object a line, how it goes. What holds it
// is a leash, the other end of its stdin: while whoever started it may still want to stop it, the end of the leash is
// the end of the run. Once the run's id was handed out, the leash is let go, and the run ends when it ends.
namespace delegate::cli {

/// What a carrier says.
namespace told {
struct Accepted {
  int ahead = 0;         // how many wait before it; told again when that changes
  std::string no_store;  // why the host cannot hold it: it cannot go on alone; empty: it can
};
struct Begun {};
struct Progress {
  std::string backend;  // who is asked now
  std::string doing;
  std::int64_t bytes = 0;  // of text so far
};
struct Ended {
  std::string result;   // what `ask --json` would have printed
  std::string remarks;  // what `ask` would have said on stderr
  int exit_code = 0;
};
/// It could not be carried at all.
struct Failed {
  std::string message;
  std::string hint;
};
}  // namespace told
using Told = std::variant<told::Accepted, told::Begun, told::Progress, told::Ended, told::Failed>;

std::string to_line(const Told& told);
/// Anything else than a line of ours is a failure.
Told told_from(std::string_view line);

/// The starting side.
class Carrier {
 public:
  /// Starts a carrier in the directory of the request, in a session of its own.
  static Result<Carrier> start(const World& world, const std::string& config_file, const Request& request);

  pid_t pid() const { return pid_; }
  /// Its words, one JSON object a line; closed at its end.
  const Fd& words() const { return words_; }
  /// Writes what the pipe takes now of the request. True: all of it is written. Code::closed: the carrier is gone.
  Result<bool> hand_over();
  const Fd& leash() const { return leash_; }  // non-blocking, writable when there is room
  /// From now on the run goes on whatever happens to this process.
  void let_go();
  /// Nobody wants the run any more.
  void cut() { leash_.reset(); }

 private:
  pid_t pid_ = 0;
  Fd leash_;
  Fd words_;
  std::string request_;
  std::size_t written_ = 0;
};

}  // namespace delegate::cli
