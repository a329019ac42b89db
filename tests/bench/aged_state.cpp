#include "tests/bench/aged_state.hpp"

#include <sqlite3.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "core/os/clock.hpp"
#include "core/state/sqlite.hpp"

namespace delegate::bench {
namespace {

void run_sql(sqlite3* handle, const std::string& text) {
  char* error = nullptr;
  if (sqlite3_exec(handle, text.c_str(), nullptr, nullptr, &error) == SQLITE_OK) return;
  std::fprintf(stderr, "aged state: %s\n", error);
  std::_Exit(1);
}

sqlite3* open_file(const std::filesystem::path& file) {
  sqlite3* handle = nullptr;
  if (sqlite3_open(file.c_str(), &handle) != SQLITE_OK) std::_Exit(1);
  return handle;
}

/// As in the header of the log: big-endian.
std::uint32_t number_at(const unsigned char* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

int note_frames(void* frames, sqlite3* /*handle*/, const char* /*database*/, int in_log) {
  *static_cast<std::uint32_t*>(frames) = static_cast<std::uint32_t>(in_log);
  return SQLITE_OK;
}

}  // namespace

void fill_history(const std::filesystem::path& file, long runs) {
  if (std::filesystem::exists(file)) return;
  const SystemClock clock;
  if (!open_sqlite_store(file, clock)) std::_Exit(1);  // makes the schema
  sqlite3* const handle = open_file(file);
  const std::string count = std::to_string(runs);
  const std::string now = std::to_string(clock.now().wall.count());
  const std::string at = "(" + now + " - (" + count + " - n) * (31536000000 / " + count + "))";
  const std::string id = "printf('1m%014d', n)";
  const std::string numbers =
      "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < " + count + ") ";
  const std::string who =
      "CASE WHEN n <= 100 THEN 'old' WHEN n % 10 = 0 THEN 'codex' WHEN n % 3 = 0 THEN 'gemini' ELSE 'claude' END";
  run_sql(handle, "PRAGMA synchronous=OFF; BEGIN");
  run_sql(handle,
          "INSERT INTO runs (number, id, started_at, took, requested_backend, task_type, cwd, outcome, backend, model, "
          "session_id, input_tokens, output_tokens, cost_usd, owner_boot_id, owner_pid, owner_start_time, "
          "owner_namespace) " +
              numbers + "SELECT n, " + id + ", " + at +
              ", 900 + n % 5000, 'auto', 'ask', '/home/me/' || (n % 40), "
              "CASE WHEN n % 1000 = 7 THEN 'timed_out' ELSE 'answered' END, " +
              who + ", 'm', printf('s-%d', n), 1000 + n % 77, 200, 0.01, 'b', 1, 1, 1 FROM numbers");
  run_sql(handle,
          "INSERT INTO attempts (run_id, number, backend, model, outcome, message, probe, counted, started_at, "
          "took, session_id, input_tokens, output_tokens, cost_usd) " +
              numbers + "SELECT " + id + ", 2, " + who +
              ", 'm', CASE WHEN n % 1000 = 7 THEN 'timed_out' ELSE 'answered' END, '', 0, 1, " + at +
              ", 900 + n % 5000, '', 1000 + n % 77, 200, 0.01 FROM numbers");
  run_sql(handle,
          "INSERT INTO attempts (run_id, number, backend, model, outcome, message, probe, counted, started_at, "
          "took, session_id) " +
              numbers + "SELECT " + id + ", 1, 'claude', '', 'rate_limited', 'limit', 0, 1, " + at +
              ", 300, '' FROM numbers WHERE n % 10 = 0");
  run_sql(handle, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  sqlite3_close(handle);
}

// A frame belongs to the log if it has the salts of the log's header: older ones are behind those that were written
// since the last time it began again.
std::uint32_t frames_in_log(const std::filesystem::path& file) {
  constexpr std::size_t kSalts = 8;
  std::ifstream log(file.string() + "-wal", std::ios::binary);
  std::array<unsigned char, 32> header{};
  std::array<unsigned char, 24> frame{};
  if (!log.read(reinterpret_cast<char*>(header.data()), header.size())) return 0;
  const std::uint32_t page = number_at(&header[8]);
  std::uint32_t frames = 0;
  while (log.read(reinterpret_cast<char*>(frame.data()), frame.size()) &&
         std::memcmp(&frame[8], &header[16], kSalts) == 0) {
    log.seekg(page, std::ios::cur);
    ++frames;
  }
  return frames;
}

void fill_log(const std::filesystem::path& file, std::uint32_t frames) {
  sqlite3* const handle = open_file(file);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  run_sql(handle, "PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=0");
  std::uint32_t now = frames_in_log(file);
  sqlite3_wal_hook(handle, note_frames, &now);
  for (std::uint32_t i = 0; now < frames && i < frames; ++i)
    run_sql(handle, "UPDATE runs SET took = took + 1 WHERE number = (SELECT max(number) FROM runs) - " +
                        std::to_string(i % 20 * 50));
  sqlite3_close(handle);
}

}  // namespace delegate::bench
