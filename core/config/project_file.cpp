#include "core/config/project_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/os/fd.hpp"

namespace delegate {
namespace {

constexpr const char* kFileName = "delegate.toml";

using Facts = struct stat;

std::optional<Facts> facts_of(const Path& path) {
  Facts facts{};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return facts;
}

bool is_there(const Path& path) {
  Facts facts{};
  return ::lstat(path.c_str(), &facts) == 0;
}

bool is_same(const Facts& one, const std::optional<Facts>& other) {
  return other && one.st_dev == other->st_dev && one.st_ino == other->st_ino;
}

bool is_of_another_user(const Facts& facts) { return facts.st_uid != ::geteuid() && facts.st_uid != 0; }

std::string why_ignored(const Facts& facts) {
  if (!S_ISREG(facts.st_mode)) return "it is not a regular file";
  if (is_of_another_user(facts)) return "it is owned by another user";
  if ((facts.st_mode & S_IWOTH) != 0) return "it is writable by everyone";
  return {};
}

/// A file that cannot be opened is an error only if it would be used.
Result<ProjectFile> unopened(const Path& path, int error) {
  ProjectFile file{path.string(), {}, {}};
  if (const auto facts = facts_of(path)) file.ignored = why_ignored(*facts);
  else if (error == ENOENT) file.ignored = "it is a broken link";
  if (!file.ignored.empty()) return file;
  return fail_errno("read " + path.string(), error);
}

/// The start of the search with links resolved, so that its parents are those of the kernel.
Path real_directory(const std::string& directory) {
  std::error_code error;
  Path real = std::filesystem::canonical(directory, error);
  return error ? Path(directory).lexically_normal() : real;
}

}  // namespace

/// Checks and reads the file through one descriptor, so that it cannot be replaced in between.
Result<ProjectFile> read_project_file(const Path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return unopened(path, errno);
  Facts facts{};
  if (::fstat(fd.get(), &facts) != 0) return fail_errno("read " + path.string(), errno);
  ProjectFile file{path.string(), {}, why_ignored(facts)};
  if (!file.ignored.empty()) return file;
  auto text = read_all(fd.get(), kLargestConfig);
  if (!text) return fail(text.error().code, path.string() + ": " + text.error().what);
  file.text = *std::move(text);
  return file;
}

Result<ProjectSearch> search_project_file(const ProcessFacts& process, const std::string& directory) {
  ProjectSearch search;
  const auto home = facts_of(process.variable("HOME"));
  std::optional<dev_t> device;
  const auto ended = [&](const Path& at, const char* why) {
    search.ended = at.string() + " " + why;
    return search;
  };
  for (Path at = real_directory(directory); at.is_absolute(); at = at.parent_path()) {
    const auto facts = facts_of(at);
    if (!facts) return ended(at, "cannot be examined");
    if (is_same(*facts, home)) return ended(at, "is the home directory");
    if (device && facts->st_dev != *device) return ended(at, "is on another file system");
    const Path candidate = at / kFileName;
    if (is_of_another_user(*facts)) {
      if (is_there(candidate)) search.file = {candidate.string(), {}, "its directory is owned by another user"};
      return ended(at, "is owned by another user");
    }
    device = facts->st_dev;
    if (is_there(candidate)) {
      TRY(search.file, read_project_file(candidate));
      return search;
    }
    if (is_there(at / ".git")) return ended(at, "is the root of its repository");
    if (at == at.root_path()) return ended(at, "is the root directory");
  }
  search.ended = "there is no working directory";
  return search;
}

}  // namespace delegate
