#pragma once
#include <sys/types.h>

#include <csignal>
#include <string>
#include <utility>

#include "core/os/fd.hpp"
#include "tests/cli/finished.hpp"

namespace delegate::test {

/// The path of the program under test: the one of this build, or DELEGATE_UNDER_TEST.
const std::string& program();

/// What the program's standard streams are connected to.
struct Streams {
  enum class In { null, closed, given, held, terminal };
  In in = In::null;              // with In::terminal stderr is the same terminal
  std::string input;             // with In::given
  std::string in_file;           // instead: stdin is this file
  std::string out_file;          // instead of a pipe: /dev/full
  bool out_is_terminal = false;  // with In::terminal: stdout is the same terminal
  bool stopped = false;          // with In::terminal: by Ctrl-S, so that it takes nothing
  int columns = 0;               // of the terminal; 0: unknown
  bool out_closed = false;       // started without a stdout
  bool reader_is_gone = false;   // stdout is a pipe without a reader
  int ignored_signal = 0;        // started with this one ignored
};

/// A running process of the program: the leader of a process group, as a shell starts it. The destructor kills it if it
/// was not finished.
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

  /// It has exited; its output may still be unread.
  bool has_ended() const;

  /// Reads stderr until this text is there. False: it never was.
  bool comes_to_say(std::string_view text);
  /// The same on stdout.
  bool comes_to_print(std::string_view text);
  /// Removes and returns the next line of stdout; empty when none came.
  std::string next_line();
  void close_output() { out_.reset(); }  // as a reader that exits does
  void resize(int columns) const;        // of the terminal
  /// Waits for its exit without reading. False: it did not exit.
  bool ends() const;

  /// Writes the input, reads both outputs to their ends and waits for the exit. Fails the test if that takes too long.
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
