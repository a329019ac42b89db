#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/mcp/message.hpp"

namespace delegate::mcp {

/// Finds the id of a request that cannot be read (too long, too deep, no valid JSON), so that it is answered all the
/// same: its sender would wait until its own time limit. Keeps a few hundred bytes, however long the text is.
class IdScanner {
 public:
  /// The next bytes of the message.
  void read(std::string_view bytes);
  /// Of a text that has "method" and a usable id among the members of its outermost object. The answer to a request of
  /// ours has no method; it gets no answer.
  std::optional<Json> request_id() const { return has_method_ && !is_array_ ? id_ : std::nullopt; }

 private:
  void take(char c);
  void keep(char c);
  void end_member();

  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool is_escaped_ = false;
  bool is_array_ = false;     // a batch
  bool is_in_value_ = false;  // of a member of the outermost object
  std::string key_, token_;   // as written, with quotes
  bool has_method_ = false;
  std::optional<Json> id_;
};

}  // namespace delegate::mcp
