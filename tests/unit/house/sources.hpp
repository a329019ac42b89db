#pragma once
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

// The text of the product, for the rules that are held by reading it.
namespace delegate::test {

/// Their text by path, as seen from the root of the project.
using Sources = std::map<std::string, std::string>;

inline std::string text_at(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(std::filesystem::path(SOURCE_DIRECTORY) / path).rdbuf();
  return text.str();
}

inline Sources all_sources() {
  const std::filesystem::path root = SOURCE_DIRECTORY;
  Sources sources;
  for (const char* top : {"cli", "core", "backends"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
      const std::string path = std::filesystem::relative(entry.path(), root).generic_string();
      sources.emplace(path, text_at(path));
    }
  return sources;
}

/// "core/os/launch.hpp: fork": a line of a table of exceptions, which a failed comparison can print.
inline std::string table_line(const std::string& path, const std::set<std::string>& names) {
  std::string line = path + ":";
  for (const std::string& name : names) line += " " + name;
  return line;
}

}  // namespace delegate::test
