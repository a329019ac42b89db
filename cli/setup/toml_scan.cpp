#include "cli/setup/toml_scan.hpp"

#include <algorithm>

namespace delegate::cli::setup {
namespace {

class TomlScanner {
 public:
  explicit TomlScanner(std::string_view text) : text_(text) {}

  std::vector<TomlTable> scan() {
    std::vector<TomlTable> tables(1);
    if (is("\xEF\xBB\xBF")) at_ += 3;
    tables[0].begin = tables[0].header_end = at_;
    while (skip_to_thing()) {
      if (is("[")) tables.push_back(header());
      else tables.back().keys.push_back(key());
    }
    return tables;
  }

 private:
  bool is(std::string_view word) const { return text_.substr(at_).starts_with(word); }
  bool is_end() const { return at_ >= text_.size(); }

  void skip_blanks() {
    while (is(" ") || is("\t")) ++at_;
  }
  void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1; }

  /// Skips blanks, newlines and comments; false at the end.
  bool skip_to_thing() {
    for (; !is_end(); ++at_)
      if (is("#")) at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
      else if (!is(" ") && !is("\t") && !is("\r") && !is("\n")) return true;
    return false;
  }

  void skip_string() {
    for (const std::string_view fence : {"\"\"\"", "'''", "\"", "'"}) {
      if (!is(fence)) continue;
      for (at_ += fence.size(); !is_end() && !is(fence); ++at_)
        if (fence[0] == '"' && is("\\")) ++at_;
      at_ = std::min(at_ + fence.size(), text_.size());
      // The string may end in one or two quotes before its closing fence.
      while (fence.size() == 3 && is(fence.substr(0, 1))) ++at_;
      return;
    }
  }

  std::vector<std::string> key_path() {
    std::vector<std::string> path;
    for (;;) {
      skip_blanks();
      const std::size_t begin = at_;
      if (is("\"") || is("'")) {
        skip_string();
        path.emplace_back(text_.substr(begin + 1, std::max(at_, begin + 2) - begin - 2));
      } else {
        at_ = std::min(text_.find_first_of(".=] \t\r\n", at_), text_.size());
        path.emplace_back(text_.substr(begin, at_ - begin));
      }
      skip_blanks();
      if (!is(".")) return path;
      ++at_;
    }
  }

  TomlTable header() {
    TomlTable table;
    table.begin = text_.substr(0, at_).rfind('\n') + 1;  // npos + 1 is 0
    table.is_element = is("[[");
    at_ += table.is_element ? 2 : 1;
    table.path = key_path();
    skip_line();
    table.header_end = at_;
    return table;
  }

  TomlKey key() {
    TomlKey key{.begin = at_};
    key.path = key_path();
    if (!is_end()) ++at_;  // the equals sign
    skip_blanks();
    key.value_begin = at_;
    skip_value();
    key.value_end = at_;
    skip_line();
    key.line_end = at_;
    return key;
  }

  void skip_value() {
    if (is("\"") || is("'")) return skip_string();
    if (!is("[") && !is("{")) {
      at_ = std::min(text_.find_first_of(" \t\r\n#", at_), text_.size());
      return;
    }
    int depth = 0;
    do {
      if (is("\"") || is("'")) {
        skip_string();
        continue;
      }
      if (is("#")) at_ = std::min(text_.find('\n', at_), text_.size() - 1);
      else if (is("[") || is("{")) ++depth;
      else if (is("]") || is("}")) --depth;
      ++at_;
    } while (depth > 0 && !is_end());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<TomlTable> scan_toml(std::string_view text) { return TomlScanner(text).scan(); }

}  // namespace delegate::cli::setup
