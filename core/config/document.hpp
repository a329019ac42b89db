#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/load.hpp"

// The values of a layer before they are checked. Only toml_reader.cpp includes the TOML library.
namespace delegate::config {

/// Counted from 1; 0: not known (environment).
struct Place {
  int line = 0;
  int column = 0;
};

/// A value of a type that no key has (a date, or nested too deeply); `name` describes it: "a date".
struct Foreign {
  std::string_view name;
};

struct Node {
  struct Member;
  using List = std::vector<Node>;
  using Table = std::vector<Member>;

  std::variant<bool, std::int64_t, double, std::string, Foreign, List, Table> value;
  Place at;
};

struct Node::Member {
  std::string key;
  Place at;  // of the key
  Node value;
};

/// Describes the value, for `expected …, found …`.
std::string describe(const Node& node);

/// For a text where this was expected: how to write it; empty: it is not clear what was meant.
std::string hint_for_text(const Node& node, std::string_view expected);

/// A file as a table in the order of its lines, or the syntax error.
struct Document {
  Node::Table members;
  std::optional<ConfigProblem> problem;
};
/// The largest file of ours that is read: many times a real one, and small enough that hostile text costs only
/// milliseconds.
inline constexpr std::size_t kLargestFile = std::size_t{256} * 1024;

Document read_toml(const ConfigFile& file, Layer layer, std::size_t largest = kLargestFile);

}  // namespace delegate::config
