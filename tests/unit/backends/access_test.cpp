#include <algorithm>
#include <sstream>

#include "tests/unit/backends/captured.hpp"

// What a backend may do is what docs/writing.md says.
using namespace delegate;
using namespace delegate::test;
using Words = std::vector<std::string>;

namespace {

std::string cell_of(const std::string& kind, std::size_t column) {
  const std::string name = std::string(1, '`').append(kind).append(1, '`');
  std::istringstream page(contents(Path(SOURCE_DIRECTORY) / "docs/writing.md"));
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `") || line.find(name) == std::string::npos) continue;
    return std::string(trim(split(line, '|').at(column + 1)));
  }
  return {};
}

/// The arguments in a cell: "`--tools Read`"; none: "–".
Words arguments_in(const std::string& cell) {
  Words out;
  std::string text = cell;
  std::erase(text, '`');
  std::istringstream words(text);
  for (std::string word; words >> word;)
    if (word != "–") out.push_back(word);
  return out;
}

Words arguments_for(const std::string& kind, Access access) {
  Task task = task_of(kind);
  task.access = access;
  const auto call = backend_of(kind).prepare(task, {});
  REQUIRE(call.has_value());
  return std::get<ProcessCall>(*call).argv;
}

bool has(const Words& all, const Words& part) {
  return std::search(all.begin(), all.end(), part.begin(), part.end()) != all.end();
}

}  // namespace

TEST_CASE("the table of what each may do has the arguments that it gets") {
  for (const char* kind : {"claude", "codex", "gemini"}) {
    CAPTURE(kind);
    const Words reading = arguments_in(cell_of(kind, 1));
    const Words writing = arguments_in(cell_of(kind, 2));
    REQUIRE(reading.size() >= 2);
    REQUIRE(writing.size() >= 2);
    CHECK(has(arguments_for(kind, Access::read_only), reading));
    CHECK_FALSE(has(arguments_for(kind, Access::read_only), writing));
    CHECK(has(arguments_for(kind, Access::write), writing));
    CHECK_FALSE(has(arguments_for(kind, Access::write), reading));
  }
}

TEST_CASE("the table has every kind, and those that can write are those with arguments for it") {
  for (const char* kind : {"claude", "codex", "gemini", "ollama", "openai", "command"}) {
    CAPTURE(kind);
    REQUIRE_FALSE(cell_of(kind, 2).empty());
    const bool can_write = backend_of(kind).capabilities(task_of(kind).settings).has(Capability::write_files);
    CHECK(can_write == !arguments_in(cell_of(kind, 2)).empty());
  }
}
