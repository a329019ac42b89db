// What many asks at once do to one state file: `store_load DIRECTORY PROCESSES ASKS_A_SECOND SECONDS`. Each process
// makes its share of the asks as `delegate ask` does, but for the CLI: it opens the file, writes the beginning of the
// run, acquires and settles the permit, writes attempt and end, and closes the file. An ask that is late is made at
// once: no process makes fewer because the file is slow. Prints how long the steps took in the file, and exits with 1
// if anything was refused or is missing afterwards, or if one in a hundred took longer than 5 ms.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>

#include "core/os/launch.hpp"
#include "core/os/process.hpp"
#include "core/run/breakers.hpp"
#include "core/run/leases.hpp"
#include "core/state/sqlite.hpp"

namespace {

using namespace delegate;
using LoadClock = std::chrono::steady_clock;

constexpr double kMostMilliseconds = 5;  // of 99 in 100
constexpr int kHistory = 1'000'000;      // so that none of the runs is deleted

struct StoreLoad {
  Path file;
  int processes = 0;
  int asks_a_second = 0;
  int seconds = 0;
  int asks_each() const { return asks_a_second * seconds / processes; }
};

/// In a process of its own, as delegate does.
void start_shortening(const Path& file) {
  const Program program{.executable = own_executable(), .argv = {"store_load", file}, .env = {}};
  if (const Status started = start_detached(program, -1, "/"); !started)
    std::fprintf(stderr, "store load: the log is not shortened: %s\n", started.error().what.c_str());
}

/// Empty if every step was done.
std::string do_store_part(const Path& file, const std::string& id) {
  const SystemClock clock;
  auto store = open_sqlite_store(file, clock, milliseconds(100), [&] { start_shortening(file); });
  if (!store) return store.error().what;
  const ProcessId self = this_process(clock.now().boot_id);
  Ledger& ledger = (*store)->ledger();
  RunRow run{.id = id, .started_at = clock.now().wall, .requested_backend = "auto", .task_type = "ask", .owner = self};
  if (const Status begun = write_patiently([&] { return ledger.begin_run(run); }); !begun) return begun.error().what;
  Breakers breakers(store->get(), {}, self);
  Admission admission = breakers.admit({.backend = "load", .max_parallel = 64, .lease = milliseconds(60'000)});
  auto* const permit = std::get_if<Permit>(&admission);
  if (permit == nullptr) return "no permit: " + std::get<Skip>(admission).message;
  permit->settle({.verdict = Verdict::success});
  if (std::string trouble = breakers.trouble(); !trouble.empty()) return trouble;
  const AttemptRow attempt{
      .run_id = id, .number = 1, .backend = "load", .outcome = "answered", .started_at = run.started_at};
  const Status counted = write_patiently([&] { return ledger.add_attempt(attempt); });
  if (!counted) return counted.error().what;
  run.took = milliseconds(1);
  run.outcome = "answered";
  const Status finished = write_patiently([&] { return ledger.finish_run(run, kHistory); });
  return finished ? std::string() : finished.error().what;
}

/// The exit code of the process.
int make_asks(const StoreLoad& load, int process, std::span<double> took) {
  const auto begun = LoadClock::now();
  int failures = 0;
  for (std::size_t i = 0; i < took.size(); ++i) {
    const double due = (static_cast<double>(i) * load.processes + process) / load.asks_a_second;
    std::this_thread::sleep_until(begun +
                                  std::chrono::duration_cast<LoadClock::duration>(std::chrono::duration<double>(due)));
    const auto ask_begun = LoadClock::now();
    const std::string trouble = do_store_part(load.file, "load" + std::to_string(process) + "-" + std::to_string(i));
    took[i] = std::chrono::duration<double, std::milli>(LoadClock::now() - ask_begun).count();
    if (!trouble.empty() && ++failures <= 3) std::fprintf(stderr, "store load: %s\n", trouble.c_str());
  }
  return std::min(failures, 100);
}

bool all_are_there(const StoreLoad& load) {
  const SystemClock clock;
  auto store = open_sqlite_store(load.file, clock);
  if (!store) return false;
  const std::size_t expected = static_cast<std::size_t>(load.asks_each()) * static_cast<std::size_t>(load.processes);
  const auto runs = (*store)->ledger().runs({.outcome = "answered", .most = kHistory});
  std::printf("store load: %zu of %zu runs are in the history\n", runs ? runs->size() : 0, expected);
  return runs && runs->size() == expected;
}

bool report(std::span<double> took, double seconds) {
  std::sort(took.begin(), took.end());
  const auto at = [&](double share) {
    return took[static_cast<std::size_t>(share * static_cast<double>(took.size() - 1))];
  };
  std::printf(
      "store load: %zu asks in %.1f s, %.0f a second; in the file: median %.2f ms, p90 %.2f, p99 %.2f, most %.2f\n",
      took.size(), seconds, static_cast<double>(took.size()) / seconds, at(0.5), at(0.9), at(0.99), took.back());
  return at(0.99) <= kMostMilliseconds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) return shorten_log(argv[1]) ? 0 : 1;
  if (argc != 5) {
    std::fprintf(stderr, "usage: store_load DIRECTORY PROCESSES ASKS_A_SECOND SECONDS\n");
    return 2;
  }
  const StoreLoad load{.file = Path(argv[1]) / "state/state.db",
                       .processes = std::atoi(argv[2]),
                       .asks_a_second = std::atoi(argv[3]),
                       .seconds = std::atoi(argv[4])};
  const auto each = static_cast<std::size_t>(load.asks_each());
  const std::size_t asks = each * static_cast<std::size_t>(load.processes);
  void* const shared =
      ::mmap(nullptr, asks * sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (asks == 0 || shared == MAP_FAILED) return 2;
  const std::span<double> took(static_cast<double*>(shared), asks);
  const auto begun = LoadClock::now();
  for (int process = 0; process < load.processes; ++process)
    if (::fork() == 0) ::_exit(make_asks(load, process, took.subspan(static_cast<std::size_t>(process) * each, each)));
  int failed = 0;
  for (int status = 0; ::wait(&status) > 0;) failed += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  const bool is_fast = report(took, std::chrono::duration<double>(LoadClock::now() - begun).count());
  const bool is_complete = all_are_there(load);
  if (failed > 0) std::printf("store load: %d asks could not use the state\n", failed);
  return failed == 0 && is_fast && is_complete ? 0 : 1;
}
