#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace delegate::mcp {

/// Cuts a stream into lines at '\n' and nowhere else, and never holds more than a line of the greatest length: what is
/// longer is read to its end and thrown away.
class Lines {
 public:
  enum class Found { nothing, line, too_long };

  explicit Lines(std::size_t longest) : longest_(longest) {}

  /// Takes from the front of `bytes` until a line is complete; `line()` is it, without its end, until the next call.
  Found take(std::string_view& bytes);
  /// The stream ended; what is left is a line too.
  Found finish();
  const std::string& line() const { return line_; }

 private:
  void keep(std::string_view part);
  Found end_line();

  std::size_t longest_;
  std::string line_;
  bool complete_ = false;
  bool overlong_ = false;
};

}  // namespace delegate::mcp
