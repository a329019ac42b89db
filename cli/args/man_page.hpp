#pragma once
#include <string>
#include <string_view>

#include "cli/args/command_row.hpp"

namespace delegate::cli {

/// A manual page in the man(7) language, written part by part. In texts, `text in backticks` is literal.
class Roff {
 public:
  void section(std::string_view title);
  void subsection(std::string_view title);
  void paragraphs(std::string_view text);  // separated by an empty line
  /// A tag (an option, a file) and the text about it.
  void item(std::string_view tag, std::string_view text);
  void example(std::span<const std::string_view> lines);
  void raw(std::string_view line) { text_ += std::string(line) + "\n"; }
  const std::string& text() const { return text_; }

 private:
  void begin_paragraph();
  void fill(std::string_view text);

  std::string text_;
  bool after_heading_ = false;  // which begins a paragraph by itself
};

/// delegate(1): commands and keys from their tables, the rest from man_sections.cpp.
std::string man_page(CommandTable table);
void add_opening(Roff& page);
void add_prompt_rules(Roff& page);
void add_environment(Roff& page);
void add_files(Roff& page);
void add_closing(Roff& page);

}  // namespace delegate::cli
