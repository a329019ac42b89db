#include "core/changes/private_repository.hpp"

#include <array>

#include "core/base/text.hpp"

namespace delegate {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestIndex = 1u << 30;
constexpr std::size_t kLargestPatterns = 4u << 20;

/// Settings that make other files of what is recorded, or have a change overlooked.
constexpr std::array kConversions{"core.autocrlf",  "core.eol",        "core.checkroundtripencoding",
                                  "core.symlinks",  "core.ignorecase", "core.checkstat",
                                  "core.trustctime"};
/// In info/attributes, which wins over all other files of attributes.
constexpr const char* kNoConversion = "* -text -crlf !eol -ident -filter !working-tree-encoding\n";

std::string git_quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text + '"';
}

/// A section of one key: "a.b.c" is [a "b"] c.
std::string section_of(const std::string& key, const std::string& value) {
  const std::size_t first = key.find('.');
  const std::size_t last = key.rfind('.');
  std::string text = "[" + key.substr(0, first);
  if (last > first) text += " " + git_quoted(std::string_view(key).substr(first + 1, last - first - 1));
  return text + "]\n\t" + key.substr(last + 1) + " = " + git_quoted(value) + "\n";
}

std::string sections_of(const std::map<std::string, std::string>& settings) {
  std::string text;
  for (const auto& [key, value] : settings) text += section_of(key, value);
  return text;
}

std::string lines_of_alternates(const std::vector<Path>& alternates) {
  std::string text;
  for (const Path& path : alternates) text += git_quoted(path.string()) + "\n";
  return text;
}

/// A file of the person's that may be missing, or a link, which git follows, too. A directory or a device counts as
/// missing.
Status copy_patterns(const Path& from, const Path& to) {
  std::error_code error;
  if (!fs::is_regular_file(from, error)) return {};
  TRY(const std::string text, read_file(from, kLargestPatterns));
  return write_private_file(to, text);
}

Status make_skeleton(const Path& path, const std::vector<Path>& alternates) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(path, error))) return fail(Code::unavailable, path.string() + ": already exists");
  for (const char* name : {"objects/info", "objects/pack", "refs/heads", "refs/tags", "info", "git"})
    TRY_STATUS(make_private_directory(path / name));
  TRY_STATUS(write_private_file(path / "HEAD", "ref: refs/heads/main\n"));
  if (!alternates.empty())
    TRY_STATUS(write_private_file(path / "objects/info/alternates", lines_of_alternates(alternates)));
  return {};
}

Status copy_with_time(const Path& from, const Path& to) {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(from, error))) return {};
  const auto time = fs::last_write_time(from, error);
  if (error) return fail_errno("read " + from.string(), error.value());
  TRY(const std::string content, read_file(from, kLargestIndex));
  TRY_STATUS(replace_file(to, content, 0600));
  fs::last_write_time(to, time, error);
  if (error) return fail_errno("write " + to.string(), error.value());
  return {};
}

}  // namespace

Result<PrivateRepository> PrivateRepository::create(const Path& path, const Repository& like,
                                                    const std::vector<Path>& alternates, Content content) {
  TRY_STATUS(make_skeleton(path, alternates));
  const bool is_sha1 = like.object_format == "sha1";
  std::string config =
      std::string("[core]\n\trepositoryformatversion = ") + (is_sha1 ? "0" : "1") + "\n\tbare = false\n";
  if (!is_sha1) config += section_of("extensions.objectformat", like.object_format);
  std::map<std::string, std::string> settings = like.settings;
  if (content == Content::bytes)
    for (const char* key : kConversions) settings.erase(key);
  config += sections_of(settings);
  // A file that is there counts, also where the sparse checkout has none: git looks for such files only if a checkout
  // is sparse. The patterns themselves are not copied, so that no path is refused.
  config += section_of("core.sparsecheckout", "true") + section_of("core.sparsecheckoutcone", "false");
  TRY_STATUS(write_private_file(path / "config", config));
  TRY_STATUS(copy_patterns(like.common_dir / "info/exclude", path / "info/exclude"));
  TRY_STATUS(copy_patterns(like.ignored_names, path / "git/ignore"));
  PrivateRepository made(path);
  if (content == Content::bytes) {
    TRY_STATUS(write_private_file(path / "info/attributes", kNoConversion));
    TRY_STATUS(create(made.with_attributes().path(), like, {}, Content::converted));
    return made;
  }
  TRY_STATUS(copy_patterns(like.common_dir / "info/attributes", path / "info/attributes"));
  TRY_STATUS(copy_patterns(like.own_attributes, path / "git/attributes"));
  return made;
}

Result<PrivateRepository> PrivateRepository::create(const Path& path, const PrivateRepository& like,
                                                    const std::vector<Path>& alternates) {
  TRY_STATUS(make_skeleton(path, alternates));
  for (const char* name : {"config", "info/exclude", "info/attributes", "git/ignore", "git/attributes"})
    TRY_STATUS(copy_patterns(like.path() / name, path / name));
  return PrivateRepository(path);
}

Result<PrivateRepository> PrivateRepository::open(const Path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path / "config", error))
    return fail(Code::not_found, path.string() + ": not a repository of ours");
  return PrivateRepository(path);
}

Status PrivateRepository::set(const std::map<std::string, std::string>& settings) const {
  TRY(const std::string config, read_file(path_ / "config", kLargestPatterns));
  return write_private_file(path_ / "config", config + sections_of(settings));
}

Status PrivateRepository::add_alternate(const Path& objects) const {
  const Path file = path_ / "objects/info/alternates";
  const std::string line = lines_of_alternates({objects});
  const auto present = read_file(file, kLargestPatterns);
  if (!present && present.error().code != Code::not_found) return tl::unexpected(present.error());
  const std::string lines = present ? *present : std::string();
  if (lines.find(line) != std::string::npos) return {};
  return write_private_file(file, lines + line);
}

Status copy_index(const Path& index, const Path& to) {
  std::error_code error;
  fs::directory_iterator entry(index.parent_path(), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    if (entry->path().filename().string().starts_with("sharedindex."))
      TRY_STATUS(copy_with_time(entry->path(), to.parent_path() / entry->path().filename()));
  return copy_with_time(index, to);
}

}  // namespace delegate
