#include "cli/setup/settings_file.hpp"

#include <filesystem>
#include <system_error>

#include "core/os/file_system.hpp"

namespace delegate::cli::setup {
namespace {

constexpr unsigned kPrivate = 0600;  // these files hold tokens
constexpr unsigned kShared = 0644;   // all who work on a project read its settings
constexpr unsigned kOwnerWrites = 0200;

tl::unexpected<Error> refused(const std::string& path, const std::string& why, std::string hint) {
  return fail(Code::permission_denied, path + ": " + why, std::move(hint));
}

Status make_directory(const Path& directory, Scope scope) {
  if (scope == Scope::user) return make_private_directory(directory);
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return fail(Code::unavailable, "create directory " + directory.string() + ": " + error.message());
  return {};
}

}  // namespace

Result<SettingsFile> open_settings(const std::string& path, Scope scope) {
  std::error_code error;
  const Path real = std::filesystem::canonical(path, error);
  if (error) {
    if (std::filesystem::is_symlink(path, error))
      return refused(path, "is a link to a file that does not exist",
                     "create the file that it points to, or remove the link");
    return SettingsFile{path, {}, scope == Scope::user ? kPrivate : kShared};
  }
  const auto mode = file_mode(real);
  if (!mode || !std::filesystem::is_regular_file(real, error))
    return refused(path, "is not a regular file", "only a regular file can be changed");
  if (!mode->is_own) return refused(path, "belongs to another user", "run this as the owner of the file");
  if ((mode->permissions & kOwnerWrites) == 0)
    return refused(path, "is write-protected", "add the server with the tool that manages this file: see --print");
  TRY(std::string text, read_file(real));
  return SettingsFile{real, std::move(text), mode->permissions};
}

Status save_settings(const SettingsFile& file, const std::string& text, Scope scope) {
  if (!file.text) TRY_STATUS(make_directory(file.path.parent_path(), scope));
  const auto now = read_file(file.path);
  if (file.text ? !now || *now != *file.text : now.has_value())
    return fail(Code::unavailable, file.path.string() + ": was changed by another program meanwhile", "try again");
  return replace_file(file.path, text, file.mode);
}

}  // namespace delegate::cli::setup
