#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/load.hpp"

// What a layer says, before the schema has looked at it. Only toml_reader.cpp knows the TOML library.
namespace delegate::config {

/// Counted from 1; 0: not known (environment, flags).
struct Place {
  int line = 0;
  int column = 0;
};

/// A value that no key of ours takes (a date, something nested too deeply); `name` says what it is: "a date".
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

/// What stands there, for `expected …, found …`.
std::string describe(const Node& node);

/// Text of a file as a table in the order of its lines; or the one syntax error.
struct Document {
  Node::Table members;
  std::optional<ConfigProblem> problem;
};
Document read_toml(const ConfigFile& file, Layer layer);

/// Largest file that is read: many times a real one, and small enough that hostile text costs milliseconds.
inline constexpr std::size_t kLargestFile = std::size_t{256} * 1024;

}  // namespace delegate::config
