#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "core/mcp/id_scanner.hpp"
#include "core/mcp/message.hpp"

// From bytes to JSON, within limits.
namespace delegate::mcp {

/// Splits a stream into lines at '\n' only. A line above the maximum length is dropped as it arrives, except for its
/// id.
class Lines {
 public:
  enum class Found { nothing, line, too_long };

  explicit Lines(std::size_t longest) : longest_(longest) {}

  /// Takes from the front of `bytes` until a line is complete; `line()` is it, without its end, until the next call.
  Found take(std::string_view& bytes);
  /// At the end of the stream: what is left is a line, too.
  Found finish();
  const std::string& line() const { return line_; }
  /// The id of the line that was too long, if it looked like a request; else null.
  Json id_of_too_long() const { return scanner_.request_id().value_or(Json()); }

 private:
  void keep(std::string_view part);
  Found end_line();

  std::size_t longest_;
  std::string line_;
  bool complete_ = false;
  bool overlong_ = false;
  IdScanner scanner_;  // of a line that is too long
};

/// Parses strict JSON: UTF-8, no lone surrogates, no number beyond a double. A result has at most 64 levels and 250,000
/// values, so it is safe to copy, dump and walk recursively.
std::variant<Json, Refusal> read_json(std::string_view line);

}  // namespace delegate::mcp
