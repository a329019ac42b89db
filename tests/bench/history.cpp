// How long `delegate runs` takes with a long history. `history DELEGATE DIRECTORY [RUNS]`: fills a state file there
// (once), then times the command as a shell would start it.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/os/clock.hpp"
#include "core/state/sqlite.hpp"

namespace {

using namespace delegate;
namespace fs = std::filesystem;

void run_sql(sqlite3* handle, const std::string& text) {
  char* error = nullptr;
  if (sqlite3_exec(handle, text.c_str(), nullptr, nullptr, &error) == SQLITE_OK) return;
  std::fprintf(stderr, "history: %s\n", error);
  std::exit(1);
}

/// Runs of the last year, one every so often; every tenth fell back from claude, every thousandth failed. A backend
/// that no longer exists answered the first hundred.
void fill(const fs::path& file, long runs) {
  if (fs::exists(file)) return;
  const SystemClock clock;
  if (!open_sqlite_store(file, clock)) std::exit(1);  // makes the schema
  sqlite3* handle = nullptr;
  if (sqlite3_open(file.c_str(), &handle) != SQLITE_OK) std::exit(1);
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

double once(const std::vector<std::string>& words, const std::string& directory) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const auto begun = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, 1);
    const std::string state = "XDG_STATE_HOME=" + directory;
    const std::string home = "HOME=" + directory;
    char* environment[] = {const_cast<char*>(state.c_str()), const_cast<char*>(home.c_str()), nullptr};
    ::execve(argv[0], argv.data(), environment);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) std::fprintf(stderr, "history: it failed\n");
  const auto took = std::chrono::steady_clock::now() - begun;
  return std::chrono::duration<double, std::milli>(took).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: history DELEGATE DIRECTORY [RUNS]\n");
    return 64;
  }
  const std::string program = argv[1];
  const std::string directory = argv[2];
  const long runs = argc > 3 ? std::strtol(argv[3], nullptr, 10) : 1'000'000;
  fs::create_directories(directory + "/delegate");
  fill(directory + "/delegate/state.db", runs);
  const std::vector<std::vector<std::string>> questions{
      {"--version"},
      {"runs"},
      {"runs", "-b", "gemini"},
      {"runs", "-b", "old"},
      {"runs", "--outcome", "timed_out"},
      {"runs", "--outcome", "refused_by_policy"},
      {"runs", "-b", "codex", "--outcome", "timed_out"},
      {"runs", "-b", "claude", "--outcome", "rate_limited", "--since", "30d"},
      {"runs", "--since", "1h"},
      {"runs", "-n", "1000"},
      {"runs", "1m00000000500000"},
      {"runs", "--totals"},
      {"runs", "--totals", "--since", "400d"},
      {"status"}};
  for (const auto& question : questions) {
    std::vector<std::string> words{program};
    std::string shown = "delegate";
    for (const std::string& word : question) words.push_back(word), shown += " " + word;
    std::vector<double> took;
    for (int i = 0; i < 7; ++i) took.push_back(once(words, directory));
    std::sort(took.begin(), took.end());
    std::printf("%9.2f ms  %s\n", took[took.size() / 2], shown.c_str());
  }
  return 0;
}
