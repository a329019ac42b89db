#pragma once
#include <string>
#include <vector>

namespace delegate::test {

/// A fenced block of a page, with the comment right above it: <!-- world: claude is signed out -->.
struct Block {
  std::string page;
  std::size_t line = 0;  // of its first line of text
  std::string language;
  std::string world;
  std::vector<std::string> lines;

  std::string place() const { return page + ":" + std::to_string(line); }
};

/// One page of documentation: its blocks, and its prose without them.
struct Page {
  std::string name;  // from the top of the sources
  std::string prose;
  std::vector<Block> blocks;
};

/// README, CHANGELOG and everything under docs.
std::vector<Page> pages();
std::vector<Block> blocks_in(const std::string& language);

/// The text between backticks in the prose of a page.
std::vector<std::string> code_spans(const Page& page);

}  // namespace delegate::test
