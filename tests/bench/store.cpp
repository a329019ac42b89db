// What a decision of the breaker costs in process and through each store, and what a budget adds to it. Measured and
// never asserted: `bench_store`.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/os/process.hpp"
#include "core/run/budgets.hpp"
#include "core/state/memory.hpp"
#include "core/state/sqlite.hpp"

namespace {

using namespace delegate;
using Clock = std::chrono::steady_clock;

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
  const IsDead none_is_dead = [](const ProcessId&) { return false; };
  const double pure = microseconds_each(200'000, [&] {
    const Acquired allowed = try_acquire(breaker, now, request, none_is_dead);
    settle(breaker, {}, now, allowed.ticket, {.verdict = Verdict::success});
  });
  const auto memory = make_memory_store(clock);
  Breakers in_memory(memory.get(), {}, self);
  const double through_memory = microseconds_each(50'000, [&] { admit_and_settle(in_memory, admission); });
  auto file = open_sqlite_store(scratch / "state.db", clock);
  if (!file) {
    std::fprintf(stderr, "bench_store: %s\n", file.error().what.c_str());
    std::_Exit(1);
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

int main() {
  std::string scratch = (std::filesystem::temp_directory_path() / "delegate-bench-XXXXXX").string();
  if (::mkdtemp(scratch.data()) == nullptr) return 1;
  measure_decisions(scratch);
  measure_budgets(scratch);
  std::filesystem::remove_all(scratch);
}
