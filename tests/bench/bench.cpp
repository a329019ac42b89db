// Speed, measured and never asserted. `bench DELEGATE DIRECT_SPAWN INSTANT_CLI [ROUNDS]`: what `delegate ask` costs
// over the least that any program must do to ask the same CLI, with and without its state on disk; and what a decision
// of the breaker costs in process and through each store, and what a budget adds to it. All variants take turns, so
// that a noisy machine affects all equally.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/os/process.hpp"
#include "core/run/budgets.hpp"
#include "core/state/memory.hpp"
#include "core/state/sqlite.hpp"

namespace {

using namespace delegate;
using Clock = std::chrono::steady_clock;

struct Variant {
  std::string name;
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::vector<double> milliseconds;
  long peak_kib = 0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double least(const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); }

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

void run_once(Variant& variant) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  const auto begun = Clock::now();
  pid_t pid = 0;
  if (posix_spawn(&pid, variant.argv[0].c_str(), &actions, nullptr, pointers(variant.argv).data(),
                  pointers(variant.env).data()) != 0) {
    std::fprintf(stderr, "bench: %s does not start\n", variant.argv[0].c_str());
    std::exit(1);
  }
  int status = 0;
  rusage used{};
  ::wait4(pid, &status, 0, &used);
  variant.milliseconds.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
  variant.peak_kib = std::max(variant.peak_kib, used.ru_maxrss);
  posix_spawn_file_actions_destroy(&actions);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::fprintf(stderr, "bench: %s failed (status %d)\n", variant.name.c_str(), status);
  std::exit(1);
}

Variant ask(const std::string& name, const std::string& delegate, const std::string& cli, const Path& home,
            const std::string& store) {
  std::filesystem::create_directories(home);
  const Path config = home / "delegate.toml";
  std::ofstream(config) << "[router]\norder = [\"instant\"]\nlocal = \"\"\n[backends.instant]\nkind = \"command\"\n"
                        << "command = \"" << cli << "\"\n[state]\nstore = \"" << store << "\"\n";
  return {.name = name,
          .argv = {delegate, "--config", config.string(), "ask", "hello"},
          .env = {"HOME=" + home.string(), "PATH=/usr/bin:/bin"}};
}

void measure_asking(const std::string& delegate, const std::string& direct, const std::string& cli, const Path& scratch,
                    int rounds) {
  std::vector<Variant> variants{
      {.name = "direct spawn (minimal C)", .argv = {direct, "hello", cli}, .env = {"PATH=/usr/bin:/bin"}},
      ask("delegate ask, sqlite", delegate, cli, scratch / "sqlite", "sqlite"),
      ask("delegate ask, memory", delegate, cli, scratch / "memory", "memory"),
      {.name = "delegate --version", .argv = {delegate, "--version"}, .env = {"PATH=/usr/bin:/bin"}}};
  for (int round = 0; round < rounds + 5; ++round) {
    for (Variant& variant : variants) run_once(variant);
    if (round < 5)  // the first rounds warm the caches
      for (Variant& variant : variants) variant.milliseconds.clear();
  }
  const double base = median(variants[0].milliseconds);
  std::printf("%-28s %10s %10s %10s %8s %10s\n", "cold start, one process", "median ms", "least ms", "over direct",
              "ratio", "peak RSS");
  for (const Variant& variant : variants) {
    const double middle = median(variant.milliseconds);
    std::printf("%-28s %10.2f %10.2f %+10.2f  %8.2f %7.1f MB\n", variant.name.c_str(), middle,
                least(variant.milliseconds), middle - base, middle / base,
                static_cast<double>(variant.peak_kib) / 1024);
  }
}

template <class Step>
double microseconds_each(int count, Step step) {
  const auto begun = Clock::now();
  for (int i = 0; i < count; ++i) step();
  return std::chrono::duration<double, std::micro>(Clock::now() - begun).count() / count;
}

void admit_and_settle(Breakers& breakers, const AdmissionRequest& request) {
  Admission admission = breakers.admit(request);
  std::get<Permit>(admission).settle({.verdict = Verdict::success});
}

void measure_decisions(const Path& scratch) {
  const SystemClock clock;
  const ProcessId self = this_process(clock.now().boot_id);
  const AdmissionRequest admission{.backend = "bench", .max_parallel = 4, .lease = milliseconds(60'000)};
  Breaker breaker;
  const HostTime now = clock.now();
  const LeaseRequest request{.owner = self, .token = "t", .lease = milliseconds(1)};
  const IsDead nobody = [](const ProcessId&) { return false; };
  const double pure = microseconds_each(200'000, [&] {
    const Acquired allowed = try_acquire(breaker, now, request, nobody);
    settle(breaker, {}, now, allowed.ticket, {.verdict = Verdict::success});
  });
  const auto memory = make_memory_store(clock);
  Breakers in_memory(memory.get(), {}, self);
  const double through_memory = microseconds_each(50'000, [&] { admit_and_settle(in_memory, admission); });
  auto file = open_sqlite_store(scratch / "state.db", clock);
  if (!file) {
    std::fprintf(stderr, "bench: %s\n", file.error().what.c_str());
    std::exit(1);
  }
  Breakers on_disk(file->get(), {}, self);
  const double through_sqlite = microseconds_each(5'000, [&] { admit_and_settle(on_disk, admission); });
  std::printf(
      "\nbreaker decision (admit and settle)\n  pure machine   %8.3f us\n  memory store   %8.3f us\n"
      "  sqlite store   %8.3f us (two committed transactions)\n",
      pure, through_memory, through_sqlite);
}

constexpr int kMonthOfCalls = 5'000;

/// A month in which `delegate` was used a lot, in three directories.
void fill_month(Ledger& ledger, milliseconds now) {
  const milliseconds apart = std::chrono::hours(24 * 30) / kMonthOfCalls;
  for (int i = 0; i < 3; ++i)
    static_cast<void>(ledger.begin_run({.id = "r" + std::to_string(i), .cwd = "/home/me/" + std::to_string(i)}));
  for (int i = 0; i < kMonthOfCalls; ++i)
    static_cast<void>(ledger.count_attempt({.run_id = "r" + std::to_string(i % 3),
                                            .backend = i % 2 == 0 ? "codex" : "claude",
                                            .model = i % 5 == 0 ? "large" : "small",
                                            .outcome = "answered",
                                            .started_at = now - i * apart,
                                            .usage = {.input_tokens = 900, .output_tokens = 100, .cost_usd = 0.01}}));
}

void reserve_and_count(const Engine& engine, const Candidate& candidate) {
  auto reserved = reserve_budget(engine, candidate, {.prompt_bytes = 1'000, .lease = milliseconds(60'000)});
  auto& hold = std::get<BudgetHold>(reserved);
  static_cast<void>(engine.ledger->count_attempt({.run_id = "r1",
                                                  .backend = candidate.name,
                                                  .outcome = "answered",
                                                  .started_at = engine.clock.now().wall,
                                                  .reservation = hold.token()}));
  hold.hand_over();
}

void measure_budgets(const Path& scratch) {
  const SystemClock clock;
  auto file = open_sqlite_store(scratch / "budgets.db", clock);
  if (!file) return;
  Config config = built_in_config();
  Breakers breakers(file->get(), {}, this_process(clock.now().boot_id));
  Guards guards(file->get(), breakers.self(), config.guards);
  const Engine engine{.config = config,
                      .find_backend = nullptr,
                      .breakers = breakers,
                      .guards = guards,
                      .ledger = &(*file)->ledger(),
                      .clock = clock,
                      .environment = {},
                      .scratch = {},
                      .redact = Redactor({})};
  fill_month(*engine.ledger, clock.now().wall);
  Candidate candidate{.name = "codex"};
  candidate.task.settings = *config.backend("codex");
  std::printf("\nbudget (reserve and count, sqlite, after a month of %d calls)\n", kMonthOfCalls);
  const auto measure = [&](const char* name, std::vector<BudgetAmount> day, std::vector<BudgetAmount> month) {
    config.budget = {.day = std::move(day), .week = {}, .month = std::move(month)};
    const double each = microseconds_each(1'000, [&] { reserve_and_count(engine, candidate); });
    std::printf("  %-14s %8.3f us\n", name, each);
  };
  constexpr double kMuch = 1e12;
  measure("none", {}, {});
  measure("calls a day", {{BudgetUnit::calls, kMuch}}, {});
  measure("tokens a day", {{BudgetUnit::tokens, kMuch}}, {});
  measure("tokens a month", {}, {{BudgetUnit::tokens, kMuch}});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: bench DELEGATE DIRECT_SPAWN INSTANT_CLI [ROUNDS]\n");
    return 2;
  }
  std::string scratch = (std::filesystem::temp_directory_path() / "delegate-bench-XXXXXX").string();
  if (::mkdtemp(scratch.data()) == nullptr) return 1;
  measure_asking(argv[1], argv[2], argv[3], scratch, argc > 4 ? std::atoi(argv[4]) : 200);
  measure_decisions(scratch);
  measure_budgets(scratch);
  std::filesystem::remove_all(scratch);
}
