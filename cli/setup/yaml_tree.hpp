#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/result.hpp"

// YAML as a tree whose nodes know where they are in the text. Only yaml_tree.cpp includes the YAML library.
namespace delegate::cli::setup {

/// Line and character, counted from 0.
struct YamlMark {
  std::size_t line = 0;
  std::size_t column = 0;
};

struct YamlNode {
  struct Member;
  enum class Kind { scalar, sequence, mapping };

  Kind kind = Kind::scalar;
  bool is_flow = false;  // in brackets or braces
  YamlMark begin;
  YamlMark end;                 // one past; of a block: past its last value
  OrderedJson scalar;           // null, true, a whole number, or text
  std::vector<Member> members;  // of a mapping
  std::vector<YamlNode> items;  // of a sequence

  const Member* member(std::string_view key) const;
  /// The last line with a part of it.
  std::size_t last_line() const { return end.column == 0 && end.line > begin.line ? end.line - 1 : end.line; }
};

struct YamlNode::Member {
  std::string key;
  YamlMark begin;  // of the key
  YamlMark colon;  // past the key
  YamlNode value;
};

/// Nothing for a text without a value. An error is `line L, column C: what`: no YAML, several documents, keys that are
/// no scalars or exist twice, an alias, or another line break than a newline.
Result<std::optional<YamlNode>> read_yaml_tree(std::string_view text);

OrderedJson json_of(const YamlNode& node);

}  // namespace delegate::cli::setup
