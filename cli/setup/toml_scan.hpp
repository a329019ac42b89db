#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Where in a TOML text that parses each table and key stands. Of a text that does not, what is found means nothing.
namespace delegate::cli::setup {

struct TomlKey {
  std::vector<std::string> path;  // as written on the line: below its table
  std::size_t begin = 0;
  std::size_t value_begin = 0;
  std::size_t value_end = 0;
  std::size_t line_end = 0;  // past the newline behind the value
};

struct TomlTable {
  std::vector<std::string> path;
  bool is_element = false;     // [[path]]
  std::size_t begin = 0;       // of the header's line
  std::size_t header_end = 0;  // past its newline
  std::vector<TomlKey> keys;   // those that stand below it

  /// Past the line of its last key: comments and empty lines before the next header belong to that one.
  std::size_t end() const { return keys.empty() ? header_end : keys.back().line_end; }
};

/// In the order of the text; the first is the outermost table, which has no header.
std::vector<TomlTable> scan_toml(std::string_view text);

}  // namespace delegate::cli::setup
