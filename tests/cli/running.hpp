#pragma once
#include <sys/types.h>

#include <csignal>
#include <string>
#include <utility>

#include "core/os/fd.hpp"
#include "tests/cli/finished.hpp"

namespace delegate::test {

/// What stands at the program's standard streams.
struct Streams {
  enum class In { null, closed, given, held, terminal };
  In in = In::null;              // with In::terminal stderr is the same terminal
  std::string input;             // with In::given
  std::string in_file;           // instead: stdin is this file
  std::string out_file;          // instead of a pipe: /dev/full
  bool out_is_terminal = false;  // with In::terminal: stdout is the same terminal
  bool stopped = false;          // with In::terminal: by Ctrl-S, so that it takes nothing
  int columns = 0;               // of the terminal; 0: it does not know
  bool out_closed = false;       // started without a stdout
  bool reader_is_gone = false;   // stdout is a pipe that nobody reads any more
  int ignored_signal = 0;        // started with this one ignored
};

/// One process of the program, under way: the leader of a process group, as a shell starts it. Killed when it is
/// destroyed unfinished.
class Running {
 public:
  Running(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
          const std::string& directory, Streams streams);
  Running(Running&& other) noexcept = default;
  Running& operator=(Running&&) = delete;
  ~Running();

  pid_t pid() const { return pid_.value; }
  void signal(int number) const { ::kill(pid(), number); }
  void signal_group(int number) const { ::kill(-pid(), number); }  // as Ctrl-C does
  void write_input(std::string_view text);                         // with In::held
  void close_input() { in_.reset(); }
  void type(std::string_view text);  // with In::terminal

  /// It has exited; what it said may still have to be read.
  bool has_ended() const;

  /// Reads stderr until this stands there. False: it never did.
  bool comes_to_say(std::string_view text);
  /// The same on stdout.
  bool comes_to_print(std::string_view text);
  /// The next line of stdout, which is taken out of it; empty when none came.
  std::string next_line();
  void close_output() { out_.reset(); }  // whoever read it goes away
  void resize(int columns) const;        // of the terminal
  /// It exits although nothing more is read. False: it never did.
  bool ends() const;

  /// Writes the input, reads both outputs to their ends and waits for the exit. Fails the test if that takes for ever.
  Finished finish();

 private:
  struct Pid {
    pid_t value = 0;
    explicit Pid(pid_t pid = 0) : value(pid) {}
    Pid(Pid&& other) noexcept : value(std::exchange(other.value, 0)) {}
  };
  void exchange(Finished& finished);
  void reap(Finished& finished);

  Pid pid_;
  std::string out_so_far_;
  std::string err_so_far_;
  Streams streams_;
  std::string command_;
  Fd in_;
  Fd out_;
  Fd err_;
};

}  // namespace delegate::test
