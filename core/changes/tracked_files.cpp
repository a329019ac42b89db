#include "core/changes/tracked_files.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLargestIndexListing = 256u << 20;
constexpr std::size_t kLargestAttributes = 4u << 20;
/// Attributes of conversions that may keep the size of a file.
constexpr std::array kConverting{"filter", "ident", "working-tree-encoding"};

/// The sizes of the objects, as text; something else for one that is missing.
Result<std::vector<std::string>> object_sizes(const Git& git, const std::vector<Tracked::File>& files) {
  std::string objects;
  for (const Tracked::File& file : files) objects += file.object + "\n";
  TRY(const std::string text, git.with_most_output(kLargestIndexListing)
                                  .output({"cat-file", "--batch-check=%(objectsize)", "--buffer"}, objects));
  std::vector<std::string> sizes;
  for (const std::string_view line : split(text, '\n')) sizes.emplace_back(line);
  sizes.resize(files.size());
  return sizes;
}

/// A conversion of the ends of lines changes the size, as most others do.
Result<PathSet> files_of_other_size(const Git& git, const RootedTree& tree, const std::vector<Tracked::File>& files) {
  TRY(const std::vector<std::string> sizes, object_sizes(git, files));
  std::vector<std::string> paths;
  for (const Tracked::File& file : files) paths.push_back(file.path);
  PathSet found;
  TRY_STATUS(tree.look_at(paths, [&](std::size_t i, const FileFacts& facts) {
    if (facts.kind == FileFacts::Kind::regular && std::to_string(facts.size) != sizes[i]) found.insert(paths[i]);
  }));
  return found;
}

bool names_conversion(const Result<std::string>& text) {
  return text && std::any_of(kConverting.begin(), kConverting.end(),
                             [&](const char* word) { return text->find(word) != std::string::npos; });
}

/// Could any file have such an attribute? Reading the attributes of all files costs more than this look.
Result<bool> may_have_conversions(const Path& own_attributes, const RootedTree& tree,
                                  const std::vector<Tracked::File>& files) {
  for (const char* name : {"info/attributes", "git/attributes"})
    if (names_conversion(read_file(own_attributes / name, kLargestAttributes))) return true;
  PathSet places{".gitattributes"};  // tracked or not
  for (const Tracked::File& file : files)
    for (std::string above = parent_of(file.path); !above.empty(); above = parent_of(above))
      if (!places.insert(above + "/.gitattributes").second) break;
  const std::vector<std::string> paths(places.begin(), places.end());
  std::vector<std::string> present;
  PathSet absent;
  TRY_STATUS(tree.look_at(paths, [&](std::size_t i, const FileFacts& facts) {
    if (facts.kind == FileFacts::Kind::regular) present.push_back(paths[i]);
    else absent.insert(paths[i]);
  }));
  const auto is_absent = [&](const Tracked::File& file) { return absent.count(file.path) != 0; };
  if (std::any_of(files.begin(), files.end(), is_absent)) return true;  // git reads it from the index then
  return std::any_of(present.begin(), present.end(), [&](const std::string& path) {
    const auto text = tree.read(path, kLargestAttributes);
    return !text || names_conversion(text);
  });
}

Result<PathSet> files_with_conversion(const Git& attributes, const RootedTree& tree,
                                      const std::vector<Tracked::File>& files) {
  PathSet paths;
  for (const Tracked::File& file : files) paths.insert(file.path);
  std::vector<std::string> arguments{"check-attr", "-z", "--stdin"};
  arguments.insert(arguments.end(), kConverting.begin(), kConverting.end());
  TRY(const std::string listed,
      attributes.with_most_output(kLargestIndexListing).output(std::move(arguments), joined_with_nul(paths)));
  const std::vector<std::string> fields = split_at_nul(listed);  // path, attribute, value
  PathSet named;
  for (std::size_t i = 0; i + 2 < fields.size(); i += 3)
    if (fields[i + 2] != "unspecified" && fields[i + 2] != "unset") named.insert(fields[i]);
  const std::vector<std::string> all(named.begin(), named.end());
  PathSet found;
  TRY_STATUS(tree.look_at(all, [&](std::size_t i, const FileFacts& facts) {
    if (facts.kind == FileFacts::Kind::regular) found.insert(all[i]);
  }));
  return found;
}

}  // namespace

std::string joined_with_nul(const PathSet& paths) {
  std::string text;
  for (const std::string& path : paths) (text += path) += '\0';
  return text;
}

Result<Tracked> tracked_in(const Git& git) {
  TRY(const std::string listed, git.with_most_output(kLargestIndexListing).output({"ls-files", "-z", "-v", "-s"}));
  Tracked tracked;
  for (const std::string& line : split_at_nul(listed)) {  // "H 100644 object 0\tpath"
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    const char tag = line[0];
    std::string path = line.substr(tab + 1);
    const auto fields = split(std::string_view(line).substr(0, tab), ' ');
    if (fields.size() != 4) continue;
    if (fields[1] == "160000") tracked.submodules.insert(path);
    if (tag >= 'a' && tag <= 'z') tracked.assumed.insert(path);
    if (fields[3] != "0") tracked.uncertain.insert(std::move(path));
    else if (fields[1].starts_with("100")) tracked.files.push_back({std::move(path), std::string(fields[2])});
  }
  return tracked;
}

Result<PathSet> converted_files(const Git& git, const Git& attributes, const Path& own_attributes,
                                const RootedTree& tree, const Tracked& tracked) {
  if (tracked.files.empty()) return PathSet();
  TRY(PathSet found, files_of_other_size(git, tree, tracked.files));
  TRY(const bool may_be_more, may_have_conversions(own_attributes, tree, tracked.files));
  if (may_be_more) {
    TRY(PathSet more, files_with_conversion(attributes, tree, tracked.files));
    found.merge(more);
  }
  return found;
}

}  // namespace delegate
