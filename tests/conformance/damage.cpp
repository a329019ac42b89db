#include "tests/conformance/damage.hpp"

#include <sqlite3.h>

#include <fstream>
#include <random>
#include <stdexcept>

namespace delegate {

std::string query_file(const Path& file, const std::string& sql) {
  sqlite3* handle = nullptr;
  std::string last;
  const auto note = [](void* out, int columns, char** values, char**) {
    *static_cast<std::string*>(out) = values[columns - 1] == nullptr ? "NULL" : values[columns - 1];
    return 0;
  };
  const bool done = sqlite3_open(file.c_str(), &handle) == SQLITE_OK &&
                    sqlite3_exec(handle, sql.c_str(), note, &last, nullptr) == SQLITE_OK;
  const std::string why = done ? "" : sqlite3_errmsg(handle);
  sqlite3_close(handle);
  if (!done) throw std::runtime_error(file.string() + ": " + sql + ": " + why);
  return last;
}

void tamper(const Path& file, const std::string& sql) { query_file(file, sql); }

void settle_file(const Path& file) { tamper(file, "PRAGMA wal_checkpoint(TRUNCATE)"); }

void write_garbage(const Path& file, std::size_t from, std::size_t length) {
  std::mt19937 random(5);
  std::string bytes(length, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(from));
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!stream.flush()) throw std::runtime_error(file.string() + ": cannot be damaged");
}

void write_garbage_into_tables(const Path& file) {
  constexpr std::size_t kPage = 4096;
  std::vector<std::size_t> pages;
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
  const auto note = [](void* out, int, char** values, char**) {
    static_cast<std::vector<std::size_t>*>(out)->push_back(std::stoul(values[0]));
    return 0;
  };
  CHECK(sqlite3_exec(database, "SELECT rootpage FROM sqlite_schema WHERE rootpage > 1", note, &pages, nullptr) ==
        SQLITE_OK);
  sqlite3_close(database);
  REQUIRE(pages.size() > 5);
  for (const std::size_t page : pages) write_garbage(file, (page - 1) * kPage, kPage);
}

void write_whole(const Path& file, const std::string& bytes) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  if (!stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush())
    throw std::runtime_error(file.string() + ": cannot be written");
}

std::vector<Path> set_aside_files(const Path& directory) {
  std::vector<Path> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    const bool companion = name.ends_with("-wal") || name.ends_with("-shm");
    if (name.find(".damaged-") != std::string::npos && !companion) found.push_back(entry.path());
  }
  return found;
}

}  // namespace delegate
