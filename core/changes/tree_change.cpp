#include "core/changes/tree_change.hpp"

#include <charconv>
#include <map>
#include <set>

#include "core/base/text.hpp"
#include "core/changes/file_notes.hpp"

namespace delegate {
namespace {

constexpr const char* kNoMode = "000000";
constexpr const char* kModes = "modes";  // in the repository of a change

std::vector<std::string> diff_tree(const TreeChange& change, std::vector<std::string> options) {
  options.insert(options.begin(), {"diff-tree", "-r", "--no-renames", "--no-ext-diff", "--no-textconv"});
  options.insert(options.end(), {change.before, change.after});
  return options;
}

ChangedFile::Kind kind_of(const ChangedFile& file, char status) {
  using Kind = ChangedFile::Kind;
  if (status == 'A') return Kind::added;
  if (status == 'D') return Kind::deleted;
  if (status == 'T') return Kind::type_changed;
  return file.before.object == file.after.object ? Kind::mode_changed : Kind::modified;
}

/// ":100644 100755 object object M".
std::optional<ChangedFile> changed_file(const std::string& record, std::string path) {
  const auto fields = split(std::string_view(record).substr(1), ' ');
  if (fields.size() != 5 || fields[4].empty()) return std::nullopt;
  ChangedFile file;
  file.path = std::move(path);
  if (fields[0] != kNoMode) file.before = {std::string(fields[0]), std::string(fields[2])};
  if (fields[1] != kNoMode) file.after = {std::string(fields[1]), std::string(fields[3])};
  file.kind = kind_of(file, fields[4].front());
  return file;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

/// "12\t3\tpath"; "-" for a binary file.
bool add_line_counts(std::string_view record, ChangedFile& file) {
  const std::size_t first = record.find('\t');
  const std::size_t second = first == std::string_view::npos ? first : record.find('\t', first + 1);
  if (second == std::string_view::npos || record.substr(second + 1) != file.path) return false;
  file.lines_added = number_in(record.substr(0, first));
  file.lines_removed = number_in(record.substr(first + 1, second - first - 1));
  return true;
}

tl::unexpected<Error> unreadable() { return fail(Code::internal, "git diff-tree: output cannot be read"); }

/// The trees of one side, and what they hold.
Result<std::string> objects_of_side(const Git& git, const std::string& tree) {
  TRY(const std::string listed, git.output({"ls-tree", "-r", "-t", "-z", tree}));
  std::string objects = tree + "\n";
  for (const std::string& line : split_at_nul(listed)) {  // "100644 blob object\tpath"
    const auto fields = split(std::string_view(line).substr(0, line.find('\t')), ' ');
    if (fields.size() == 3 && fields[1] != "commit") objects += std::string(fields[2]) + "\n";
  }
  return objects;
}

Result<std::vector<ChangedFile>> files_in(const std::vector<std::string>& parts, std::size_t most_files) {
  std::vector<ChangedFile> files;
  for (std::size_t at = 0; at + 1 < parts.size() && parts[at].starts_with(':'); at += 2) {
    auto file = changed_file(parts[at], parts[at + 1]);
    if (!file) return unreadable();
    files.push_back(std::move(*file));
    if (files.size() > most_files)
      return fail(Code::resource_exhausted, "more than " + std::to_string(most_files) + " files were changed");
  }
  return files;
}

/// Which of these objects are in no repository.
Result<std::set<std::string>> missing_in(const Git& git, const std::vector<ChangedFile>& files) {
  std::string objects;
  for (const ChangedFile& file : files)
    for (const TreeEntry* side : {&file.before, &file.after})
      if (side->exists() && !side->is_submodule()) objects += side->object + "\n";
  TRY(const std::string found, git.output({"cat-file", "--batch-check"}, objects));
  std::set<std::string> missing;
  for (const std::string_view line : split(found, '\n'))  // "OBJECT missing", or "OBJECT blob 12"
    if (line.ends_with(" missing")) missing.emplace(line.substr(0, line.find(' ')));
  return missing;
}

/// Of a change whose contents are not all there.
Result<TreeChange> compare_names(const Git& git, TreeChange change, std::vector<std::string>& gone) {
  TRY(const std::string text, git.output(diff_tree(change, {"-z", "--raw"})));
  TRY(std::vector<ChangedFile> files, files_in(split_at_nul(text), std::string::npos));
  TRY(const std::set<std::string> missing, missing_in(git, files));
  for (ChangedFile& file : files) {
    if (missing.count(file.before.object) + missing.count(file.after.object) == 0)
      change.files.push_back(std::move(file));
    else gone.push_back(std::move(file.path));
  }
  return change;
}

}  // namespace

Result<TreeChange> compare_trees(const Git& git, const std::string& before, const std::string& after,
                                 std::size_t most_files, std::vector<std::string>* gone) {
  TreeChange change{.before = before, .after = after};
  auto text = git.output(diff_tree(change, {"-z", "--raw", "--numstat"}));
  if (!text && gone != nullptr && text.error().code == Code::unavailable) return compare_names(git, change, *gone);
  if (!text) return tl::unexpected(std::move(text).error());
  const std::vector<std::string> parts = split_at_nul(*text);
  TRY(change.files, files_in(parts, most_files));
  const std::size_t at = 2 * change.files.size();
  if (parts.size() - at != change.files.size()) return unreadable();
  for (std::size_t i = 0; i < change.files.size(); ++i)
    if (!add_line_counts(parts[at + i], change.files[i])) return unreadable();
  return change;
}

Result<std::string> diffstat(const Git& git, const TreeChange& change, unsigned width) {
  return git.output(diff_tree(change, {"--stat=" + std::to_string(width)}));
}

Result<std::string> patch(const Git& git, const TreeChange& change, std::size_t most) {
  return git.with_most_output(most).output(diff_tree(change, {"-p", "--binary", "--full-index"}));
}

std::string index_info(const std::vector<NamedEntry>& entries) {
  std::string text;
  for (const auto& [path, entry] : entries)
    if (entry.exists()) text += entry.mode + " " + entry.object + "\t" + path + '\0';
  return text;
}

Result<std::string> write_tree(const Git& git, const std::vector<NamedEntry>& entries, const Path& index) {
  const Git own = git.with_index(index);
  std::error_code error;
  std::filesystem::remove(index, error);
  TRY_STATUS(own.output({"read-tree", "--empty"}));
  TRY_STATUS(own.output({"update-index", "-z", "--add", "--index-info"}, index_info(entries)));
  TRY(const std::string tree, own.output({"write-tree", "--missing-ok"}));
  std::filesystem::remove(index, error);
  return std::string(trim(tree));
}

Result<TreeChange> keep_change(const GitProgram& program, const PrivateRepository& from, const TreeChange& change,
                               const Path& path, const Patience& patience) {
  const Git git = from.git(program, patience);
  std::vector<NamedEntry> before;
  std::vector<NamedEntry> after;
  for (const ChangedFile& file : change.files) {
    before.push_back({file.path, file.before});
    after.push_back({file.path, file.after});
  }
  TreeChange kept = change;
  TRY(kept.before, write_tree(git, before, from.path() / "index.keep"));
  TRY(kept.after, write_tree(git, after, from.path() / "index.keep"));
  TRY(const std::string of_before, objects_of_side(git, kept.before));
  TRY(const std::string of_after, objects_of_side(git, kept.after));
  TRY(const PrivateRepository target, PrivateRepository::create(path, from, {}));
  TRY_STATUS(git.output({"pack-objects", "-q", "--no-reuse-delta", (target.objects() / "pack/pack").string()},
                        of_before + of_after));
  ModeChanges modes;
  for (const ChangedFile& file : change.files) modes[file.path] = {file.mode_before, file.mode_after};
  TRY_STATUS(write_modes(path / kModes, modes));
  return kept;
}

Status add_kept_modes(const PrivateRepository& kept, TreeChange& change) {
  TRY(const ModeChanges modes, read_modes(kept.path() / kModes));
  for (ChangedFile& file : change.files) {
    const auto found = modes.find(file.path);
    if (found == modes.end()) continue;
    file.mode_before = found->second.before;
    file.mode_after = found->second.after;
  }
  return {};
}

}  // namespace delegate
