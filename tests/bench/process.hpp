#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace delegate::bench {

struct Program {
  std::vector<std::string> argv;
  std::vector<std::string> env;
};

enum class Input { none, pipe };

/// A started process with a pipe at stdout. Ends the benchmark if anything fails, with the name of the
/// program.
class Child {
 public:
  explicit Child(const Program& program, Input input = Input::none);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void write_line(std::string_view line);
  std::string read_line();
  void close_input();
  /// Its output to the end; waits for its end.
  std::string finish();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::string name_;
  pid_t pid_ = 0;
  int in_ = -1;
  int out_ = -1;
  std::string read_;
};

/// Writes the file to disk and asks the kernel to forget its pages.
void evict(const std::filesystem::path& file);

/// The share of the file's pages that is still in memory, in percent.
double percent_in_memory(const std::filesystem::path& file);

}  // namespace delegate::bench
