#include "tests/cli/documents.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "core/base/text.hpp"
#include "core/os/file.hpp"

namespace delegate::test {
namespace {

constexpr std::string_view kFence = "```";
constexpr std::string_view kWorld = "<!-- world: ";

Page read_page(const std::string& name) {
  Page page{.name = name};
  const std::string text = read_file(Path(SOURCE_DIRECTORY) / name).value();
  std::string world;
  bool inside = false;
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (line.starts_with(kFence)) {
      inside = !inside;
      if (inside)
        page.blocks.push_back(
            {name, number + 1, std::string(line.substr(kFence.size())), std::exchange(world, {}), {}});
    } else if (inside) {
      page.blocks.back().lines.emplace_back(line);
    } else if (line.starts_with(kWorld)) {
      world = std::string(line.substr(kWorld.size(), line.find(" -->") - kWorld.size()));
    } else {
      page.prose += std::string(line) + "\n";
    }
  }
  INFO(name << ": a block that does not end");
  REQUIRE_FALSE(inside);
  return page;
}

}  // namespace

std::vector<Page> pages() {
  std::vector<std::string> names{"README.md", "CHANGELOG.md"};
  for (const auto& entry : std::filesystem::directory_iterator(Path(SOURCE_DIRECTORY) / "docs"))
    if (entry.path().extension() == ".md") names.push_back("docs/" + entry.path().filename().string());
  std::sort(names.begin(), names.end());
  std::vector<Page> all;
  for (const std::string& name : names) all.push_back(read_page(name));
  return all;
}

std::vector<Block> blocks_in(const std::string& language) {
  std::vector<Block> found;
  for (Page& page : pages())
    for (Block& block : page.blocks)
      if (block.language == language) found.push_back(std::move(block));
  return found;
}

std::vector<std::string> code_spans(const Page& page) {
  std::vector<std::string> spans;
  const auto parts = split(page.prose, '`');  // every second one stands between backticks
  for (std::size_t i = 1; i + 1 < parts.size(); i += 2) {
    std::string span(parts[i]);
    std::replace(span.begin(), span.end(), '\n', ' ');
    if (!span.empty()) spans.push_back(std::move(span));
  }
  return spans;
}

}  // namespace delegate::test
