#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Finds the position of each table and key in valid TOML. The result for invalid TOML is undefined.
namespace delegate::cli::setup {

struct TomlKey {
  std::vector<std::string> path;  // as written, relative to its table
  std::size_t begin = 0;
  std::size_t value_begin = 0;
  std::size_t value_end = 0;
  std::size_t line_end = 0;  // past the newline after the value
};

struct TomlTable {
  std::vector<std::string> path;
  bool is_element = false;     // [[path]]
  std::size_t begin = 0;       // of the header's line
  std::size_t header_end = 0;  // past its newline
  std::vector<TomlKey> keys;   // those below it

  /// Past the line of its last key: comments and empty lines before the next header belong to the next table.
  std::size_t end() const { return keys.empty() ? header_end : keys.back().line_end; }
};

/// In the order of the text; the first is the outermost table, which has no header.
std::vector<TomlTable> scan_toml(std::string_view text);

}  // namespace delegate::cli::setup
