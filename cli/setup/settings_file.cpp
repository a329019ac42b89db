#include "cli/setup/settings_file.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/os/file_system.hpp"
#include "core/os/kept_file.hpp"

namespace delegate::cli::setup {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kPrivate = 0600;  // these files hold tokens
constexpr unsigned kShared = 0644;   // all who work on a project read its settings
constexpr unsigned kOwnerWrites = 0200;

tl::unexpected<Error> refused(const std::string& path, const std::string& why, std::string hint) {
  return fail(Code::permission_denied, path + ": " + why, std::move(hint));
}

Status make_directory(const Path& directory, Scope scope) {
  if (scope == Scope::user) return make_private_directory(directory);
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return fail(Code::unavailable, "create directory " + directory.string() + ": " + error.message());
  return {};
}

/// What an editor may have written that is no UTF-8 text.
Status check_encoding(const std::string& path, std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    return fail(Code::invalid_argument, path + ": is UTF-16, and only UTF-8 can be edited",
                "save it as UTF-8 (iconv -f UTF-16 -t UTF-8), then try again");
  if (const std::size_t at = text.find('\0'); at != std::string_view::npos)
    return fail(Code::invalid_argument, path + ": has a NUL byte at offset " + std::to_string(at) + ": not a text file",
                "repair or replace the file, then try again");
  return {};
}

Result<std::string> read_text(const std::string& path, const Path& real) {
  auto text = read_file(real, kLargestKeptFile);
  if (!text) {
    if (text.error().code != Code::invalid_argument) return text;
    return fail(Code::invalid_argument, path + ": is larger than " + std::to_string(kLargestKeptFile >> 20U) + " MiB",
                "see --print for what to add by hand");
  }
  TRY_STATUS(check_encoding(path, *text));
  return text;
}

}  // namespace

Path real_path(const std::string& path) {
  std::error_code error;
  const Path real = fs::weakly_canonical(path, error);
  return error ? Path(path) : real;
}

Result<SettingsFile> open_settings(const std::string& path) {
  std::error_code error;
  const Path real = fs::canonical(path, error);
  if (error) {
    if (fs::is_symlink(path, error))
      return refused(path, "is a link to a file that does not exist",
                     "create the file that it points to, or remove the link");
    const Path created = real_path(path);
    TRY_STATUS(no_interrupted_change(created));
    return SettingsFile{created, {}};
  }
  const auto mode = file_mode(real);
  if (!mode || !fs::is_regular_file(real, error))
    return refused(path, "is not a regular file", "only a regular file can be changed");
  if (!mode->is_own) return refused(path, "belongs to another user", "run this as the owner of the file");
  if ((mode->permissions & kOwnerWrites) == 0)
    return refused(path, "is write-protected", "add the server with the tool that manages this file: see --print");
  TRY_STATUS(no_interrupted_change(real));
  TRY(std::string text, read_text(path, real));
  return SettingsFile{real, std::move(text)};
}

Result<std::optional<std::string>> read_settings_file(const std::string& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return std::optional<std::string>();
  if (error) return fail(Code::permission_denied, error.message());
  if (!fs::is_regular_file(status)) return fail(Code::invalid_argument, "is not a regular file");
  TRY(std::string text, read_file(path, kLargestKeptFile));
  return std::optional<std::string>(std::move(text));
}

Status save_settings(const SettingsFile& file, const std::string& text, Scope scope) {
  if (file.text) return keep_and_replace(file.path, *file.text, text);
  TRY_STATUS(make_directory(file.path.parent_path(), scope));
  return create_file(file.path, text, scope == Scope::user ? kPrivate : kShared);
}

std::vector<std::string> missing_directories(const Path& path) {
  std::vector<std::string> missing;
  std::error_code ignored;  // an inaccessible one counts as missing; creating it then fails
  for (Path at = path.parent_path(); !at.empty() && !fs::exists(at, ignored) && at != at.parent_path();
       at = at.parent_path())
    missing.push_back(at.string());
  std::reverse(missing.begin(), missing.end());
  return missing;
}

Status remove_settings(const SettingsFile& file, const std::vector<std::string>& directories) {
  TRY_STATUS(remove_unchanged(file.path, file.text.value_or("")));
  remove_empty(directories);
  return {};
}

void remove_empty(const std::vector<std::string>& directories) {
  std::error_code error;
  for (auto directory = directories.rbegin(); directory != directories.rend(); ++directory)
    if (!fs::is_directory(fs::symlink_status(*directory, error)) || !fs::remove(*directory, error)) break;  // in use
}

}  // namespace delegate::cli::setup
