#include "core/config/trusted.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>

#include "core/base/deadline.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/os/directory.hpp"
#include "core/os/fd.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLargestStore = 32u << 20;
constexpr milliseconds kLongestWait{5'000};
constexpr const char* kSchema = "delegate.trusted/1";

tl::unexpected<Error> damaged(const Path& store, const std::string& why) {
  return fail(Code::data_loss, store.string() + ": damaged: " + why + "; no project's file is trusted",
              "remove it, then trust your projects' files again");
}

std::optional<TrustedFile> decode(const Json& json) {
  const auto is_text = [&](const char* key) { return json.is_object() && json.contains(key) && json[key].is_string(); };
  if (!is_text("path") || !is_text("text") || !is_text("since")) return std::nullopt;
  return TrustedFile{json["path"], json["text"], json["since"]};
}

Result<std::vector<TrustedFile>> decode_all(const Path& store, const std::string& text) {
  const std::optional<Json> json = parse_object(text);
  if (!json) return damaged(store, "it is not a JSON object");
  if (text_at(*json, "/schema") != kSchema) return damaged(store, "its schema is not " + std::string(kSchema));
  if (!at(*json, "/files").is_array()) return damaged(store, "it has no list of files");
  std::vector<TrustedFile> files;
  for (const Json& element : at(*json, "/files")) {
    auto file = decode(element);
    if (!file) return damaged(store, "an entry lacks path, text or since");
    files.push_back(*std::move(file));
  }
  return files;
}

std::string encode(const std::vector<TrustedFile>& files) {
  Json json{{"schema", kSchema}, {"files", Json::array()}};
  for (const TrustedFile& file : files)
    json["files"].push_back({{"path", file.path}, {"text", file.text}, {"since", file.since}});
  return dump(json) + "\n";
}

/// Held while the file is read, changed and written, so that no concurrent change is lost.
Result<Fd> lock(const Path& store) {
  TRY(const Directory directory, Directory::open_private(store.parent_path()));
  const std::string name = store.string() + ".lock";
  const std::string file = store.filename().string() + ".lock";
  Fd fd(::openat(directory.fd(), file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno("open " + name, errno);
  const Deadline deadline = Deadline::in(kLongestWait);
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return fail_errno("lock " + name, errno);
    if (deadline.passed()) return fail(Code::unavailable, name + ": another process holds it");
    std::this_thread::sleep_for(milliseconds(5));
  }
  return fd;
}

Status write(const Path& store, const std::vector<TrustedFile>& files) {
  const std::string text = encode(files);
  if (text.size() > kLargestStore)
    return fail(Code::resource_exhausted, store.string() + ": too many trusted files",
                "remove entries of deleted files, see `delegate trust --list`");
  if (const Status written = write_private_file(store, text); !written)
    return fail(Code::unavailable, written.error().what);
  return {};
}

auto place_of(std::vector<TrustedFile>& files, const std::string& path) {
  return std::find_if(files.begin(), files.end(), [&](const TrustedFile& file) { return file.path == path; });
}

}  // namespace

Result<std::vector<TrustedFile>> read_trusted(const Path& store) {
  if (store.empty()) return std::vector<TrustedFile>{};
  const Fd fd(::open(store.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd && errno == ENOENT) return std::vector<TrustedFile>{};
  if (!fd) return fail_errno("read " + store.string(), errno);
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return fail_errno("read " + store.string(), errno);
  if (!S_ISREG(facts.st_mode)) return damaged(store, "it is not a regular file");
  if ((facts.st_uid != ::geteuid() && facts.st_uid != 0) || (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(Code::permission_denied, store.string() + ": other users can write to it; no project's file is trusted",
                "make it yours alone (chown, chmod 600), then check it with `delegate trust --list`");
  auto text = read_all(fd.get(), kLargestStore);
  if (!text) return fail(text.error().code, store.string() + ": " + text.error().what);
  return decode_all(store, *text);
}

ProjectTrust trust_of(const std::vector<TrustedFile>& trusted, const ConfigFile& file) {
  for (const TrustedFile& one : trusted)
    if (one.path == file.path) return one.text == file.text ? ProjectTrust::trusted : ProjectTrust::changed;
  return ProjectTrust::none;
}

Status remember(const Path& store, TrustedFile file) {
  if (valid_utf8(file.path) != file.path || valid_utf8(file.text) != file.text)
    return fail(Code::invalid_argument, file.path + ": cannot be trusted: its path or text is not UTF-8");
  TRY(const Fd held, lock(store));
  TRY(std::vector<TrustedFile> files, read_trusted(store));
  if (const auto before = place_of(files, file.path); before != files.end()) *before = std::move(file);
  else files.push_back(std::move(file));
  return write(store, files);
}

Result<bool> forget(const Path& store, const std::string& path) {
  TRY(std::vector<TrustedFile> seen, read_trusted(store));
  if (place_of(seen, path) == seen.end()) return false;
  TRY(const Fd held, lock(store));
  TRY(std::vector<TrustedFile> files, read_trusted(store));
  const auto found = place_of(files, path);
  if (found == files.end()) return false;
  files.erase(found);
  TRY_STATUS(write(store, files));
  return true;
}

}  // namespace delegate
