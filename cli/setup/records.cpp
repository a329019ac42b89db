#include "cli/setup/records.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <thread>

#include "core/base/json.hpp"
#include "core/config/paths.hpp"

namespace delegate::cli::setup {
namespace {

constexpr std::size_t kLargestRecords = std::size_t{1} << 20;
constexpr auto kLockPause = std::chrono::milliseconds(10);
constexpr int kLockTries = 1000;  // a change takes milliseconds, and others may wait, too

Path records_path(const World& world) {
  const std::string trusted = trusted_path(world);  // in the state directory, whatever the configuration says
  return trusted.empty() ? Path() : Path(trusted).parent_path() / "setup.json";
}

Path lock_path(const World& world) {
  const Path records = records_path(world);
  return records.empty() ? Path() : Path(records.string() + ".lock");
}

/// FILE -> its record; an empty object if there are none.
Result<Json> read_records(const Path& path) {
  std::error_code ignored;  // an inaccessible file cannot be read either
  if (!std::filesystem::exists(path, ignored)) return Json::object();
  TRY(const std::string text, read_file(path, kLargestRecords));
  const auto records = parse_object(text);
  if (!records || !at(*records, "/files").is_object())
    return fail(Code::data_loss, path.string() + ": damaged: it has no records of files",
                "remove it; an undo is then less exact");
  return (*records)["files"];
}

}  // namespace

std::string text_mark(std::string_view text) {
  std::uint64_t mark = 0xCBF29CE484222325U;  // FNV-1a
  for (const char c : text) mark = (mark ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return std::to_string(text.size()) + "-" + std::to_string(mark);
}

Result<std::optional<FileLock>> lock_changes(const World& world) {
  const Path path = lock_path(world);
  if (path.empty() || !make_private_directory(path.parent_path())) return std::optional<FileLock>();
  for (int tries = 0; tries < kLockTries; ++tries) {
    auto lock = FileLock::try_take(path);
    if (!lock) return std::optional<FileLock>();
    if (*lock) return lock;
    std::this_thread::sleep_for(kLockPause);
  }
  return fail(Code::busy, path.string() + ": another `delegate setup` is running", "try again when it has ended");
}

bool is_change_running(const World& world) {
  const Path path = lock_path(world);
  std::error_code ignored;  // an inaccessible lock counts as free
  if (path.empty() || !std::filesystem::exists(path, ignored)) return false;
  const auto lock = FileLock::try_take(path);
  return lock && !*lock;
}

Result<std::optional<FileRecord>> recorded(const World& world, const Path& file) {
  const Path path = records_path(world);
  if (path.empty()) return std::optional<FileRecord>();
  TRY(const Json records, read_records(path));
  const auto found = records.find(file.string());
  if (found == records.end() || !found->is_object()) return std::optional<FileRecord>();
  FileRecord record{.is_created = at(*found, "/created") == true, .written = text_at(*found, "/written")};
  if (const Json& directories = at(*found, "/directories"); directories.is_array())
    for (const Json& directory : directories) record.directories.push_back(text_of(directory));
  record.remains.depth = static_cast<int>(integer_at(*found, "/depth").value_or(0));
  record.remains.blank = text_at(*found, "/blank");
  record.remains.is_blank = found->contains("blank");
  // Only blanks are put back into a file, whatever is written here.
  if (record.remains.blank.find_first_not_of(" \t\r\n") != std::string::npos) record.remains = {};
  return std::optional<FileRecord>(std::move(record));
}

Status record(const World& world, const Path& file, const std::optional<FileRecord>& how_it_was) {
  const Path path = records_path(world);
  if (path.empty()) return fail(Code::not_found, "cannot locate the state directory: HOME is not set");
  TRY(Json records, read_records(path));
  if (!how_it_was && !records.contains(file.string())) return {};
  if (how_it_was) {
    Json one{{"created", how_it_was->is_created}, {"depth", how_it_was->remains.depth}};
    if (!how_it_was->written.empty()) one["written"] = how_it_was->written;
    if (!how_it_was->directories.empty()) one["directories"] = how_it_was->directories;
    if (how_it_was->remains.is_blank) one["blank"] = how_it_was->remains.blank;
    records[file.string()] = std::move(one);
  } else {
    records.erase(file.string());
  }
  const Json whole{{"schema", "delegate.setup_records/1"}, {"files", std::move(records)}};
  TRY_STATUS(make_private_directory(path.parent_path()));
  return write_private_file(path, whole.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace delegate::cli::setup
