#include <malloc.h>

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "backends/registry.hpp"
#include "core/os/clock.hpp"
#include "core/os/curl_library.hpp"
#include "core/os/http_pool.hpp"
#include "core/os/process.hpp"
#include "core/run/ask.hpp"
#include "core/state/sqlite.hpp"
#include "tests/soak/faulty_server.hpp"
#include "tests/soak/figures.hpp"

// Thousands of runs in one process, as a server would make them, with backends that misbehave in every possible way:
// afterwards the process holds no more resources than before.
//   soak [RUNS [SEED]]
using namespace delegate;
using namespace std::chrono_literals;

namespace {

constexpr int kWarmUp = 200;
constexpr int kThreads = 8;
constexpr std::size_t kMoreInUse = 2u << 10;   // kB; the store's page cache fills up
constexpr std::size_t kMoreMemory = 8u << 10;  // kB; the allocator's own ups and downs after floods of output

struct Behaviour {
  const char* name;
  int weight;
  std::vector<std::string> options;  // of the fake CLI
};

const std::vector<Behaviour>& behaviours() {
  static const std::vector<Behaviour> all{
      {"answers", 20, {"--read-stdin", "--say", "hello"}},
      {"fails", 12, {"--err", "it is broken", "--exit", "3"}},
      {"limited", 6, {"--err", "HTTP 429 too many requests, retry after 1 s", "--exit", "1"}},
      {"refuses", 6, {"--err", "not logged in", "--exit", "1"}},
      {"hangs", 8, {"--hang"}},
      {"mute", 2, {"--ignore-term", "--hang"}},  // takes two seconds to kill
      {"floods", 6, {"--flood", "1M", "--flood-err", "1M"}},
      {"half", 6, {"--half-json", "--hang"}},
      {"leaves_a_holder", 8, {"--fork-sleeper", "--say", "hello"}},
      {"leaves_a_late_sayer", 4, {"--fork-late-sayer", "late", "--say", "hello"}},
      {"escapes", 8, {"--daemonise-sleeper", "--hang"}},
      {"dies", 8, {"--say", "he", "--die", "SIGKILL"}},
      {"crashes", 6, {"--die", "SIGSEGV"}},
      {"closes_stdin", 6, {"--close-stdin", "--say", "hello"}},
  };
  return all;
}

Config configuration(const std::string& url) {
  Config config = built_in_config();
  config.backends.clear();
  config.router.order = {};
  config.router.local = "server";
  config.history.limit = 500;
  for (const Behaviour& behaviour : behaviours()) {
    BackendSettings settings{.name = behaviour.name, .kind = "command", .command = {FAKE_CLI}};
    settings.command.insert(settings.command.end(), behaviour.options.begin(), behaviour.options.end());
    settings.timeout = 400ms;
    settings.first_output_timeout = 250ms;
    settings.idle_timeout = 250ms;
    settings.max_parallel = 4;  // eight threads: sometimes there is no slot
    settings.breaker = {.threshold = 3, .cooldown = 0ms, .max_cooldown = 20ms, .probe_timeout = 60ms};
    config.router.order.names.emplace_back(behaviour.name);
    config.backends[behaviour.name] = std::move(settings);
  }
  BackendSettings server = config.backends["answers"];
  server.name = "server", server.kind = "openai", server.command.clear();
  server.url = url, server.model = "tiny";
  config.backends["server"] = std::move(server);
  return config;
}

/// Cancels its run after a while, from the asking thread: no thread more than a server would have.
class Impatient final : public Observer {
 public:
  Impatient(CancelToken& token, std::optional<milliseconds> patience)
      : token_(token), end_(patience ? Deadline::in(*patience) : Deadline::never()) {}
  Deadline tick() override {
    if (end_.passed() && !token_.cancelled()) token_.cancel();
    return token_.cancelled() ? Deadline::never() : end_;
  }

 private:
  CancelToken& token_;
  Deadline end_;
};

class Soak {
 public:
  Soak(const Engine& engine, unsigned seed) : engine_(engine), seed_(seed) {}

  void run(int runs) {
    const int last = next_.load() + runs;
    std::vector<std::thread> workers;
    for (int i = 0; i < kThreads; ++i)
      workers.emplace_back([this, last] {
        for (int number = next_++; number < last; number = next_++) one(number);
      });
    for (std::thread& worker : workers) worker.join();
    next_ = last;
  }
  std::map<std::string, int> outcomes() const { return outcomes_; }

 private:
  void one(int number) {
    std::mt19937 random(seed_ + static_cast<unsigned>(number));
    const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
    Request request{.prompt = std::string(static_cast<std::size_t>(1 + below(200'000)), 'p')};
    request.backend = below(4) == 0 ? std::string(kAuto) : pick(below(200));
    request.timeout = 200ms + milliseconds(below(1500));
    if (below(3) == 0) request.fallback = true;
    if (below(3) == 0) request.streaming = Streaming::drafts;
    CancelToken token;
    const bool cancelled = below(6) == 0;
    Impatient observer(token, cancelled ? std::optional(milliseconds(below(120))) : std::nullopt);
    const RunResult result = ask(engine_, request, token, observer);
    const std::lock_guard lock(mutex_);
    ++outcomes_[std::string(to_string(result.outcome))];
  }

  static std::string pick(int number) {
    for (const Behaviour& behaviour : behaviours())
      if ((number -= behaviour.weight) < 0) return behaviour.name;
    return "server";
  }

  const Engine& engine_;
  unsigned seed_;
  std::atomic<int> next_{0};
  std::mutex mutex_;
  std::map<std::string, int> outcomes_;
};

/// A connection to the server is kept or not, as its last answer was whole or broken: that is chance, not a leak.
void close_kept_connections(const std::string& server) {
  if (const auto curl = curl_library()) HttpConnection::kept(**curl, server).broken();
}

bool row(const char* what, std::size_t before, std::size_t after, std::size_t tolerance = 0) {
  const bool good = after <= before + tolerance;
  std::printf("%-18s %8zu %8zu%s\n", what, before, after, good ? "" : "   <-- grew");
  return good;
}

bool compare(const soak::Figures& before, const soak::Figures& after) {
  std::printf("%-18s %8s %8s\n", "", "before", "after");
  const std::vector<bool> rows{row("open files", before.fds, after.fds),
                               row("threads", before.threads, after.threads),
                               row("children", before.children, after.children),
                               row("of runs, alive", 0, after.tagged),
                               row("slots taken", 0, after.slots),
                               row("probes out", 0, after.probes),
                               row("memory in use, kB", before.in_use_kb, after.in_use_kb, kMoreInUse),
                               row("resident, kB", before.resident_kb, after.resident_kb, kMoreMemory)};
  return std::count(rows.begin(), rows.end(), false) == 0;
}

int soak_for(int runs, unsigned seed, const std::string& directory) {
  const soak::FaultyServer server;
  const std::string mark = soak::kOuterRun + std::to_string(::getpid());
  const SystemClock clock;
  const Config config = configuration(server.url());
  auto store = open_sqlite_store(directory + "/state.db", clock);
  if (!store) return std::fprintf(stderr, "soak: %s\n", store.error().what.c_str()), 1;
  Breakers breakers(store->get(), {}, this_process(clock.now().boot_id));
  Guards guards(store->get(), breakers.self(), config.guards);
  const Engine engine{.config = config,
                      .find_backend = find_backend,
                      .breakers = breakers,
                      .guards = guards,
                      .ledger = &(*store)->ledger(),
                      .clock = clock,
                      .environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", directory}, {soak::kTag, mark}},
                      .scratch = directory,
                      .redact = Redactor({})};
  Soak soak(engine, seed);
  soak.run(kWarmUp);
  close_kept_connections(server.url());
  const soak::Figures before = soak::figures_now(**store, server.pid());
  const auto began = std::chrono::steady_clock::now();
  soak.run(runs);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  close_kept_connections(server.url());
  const soak::Figures after = soak::figures_now(**store, server.pid());
  std::printf("soak: %d runs after %d to warm up, %d at a time, seed %u, %.0f s\n", runs, kWarmUp, kThreads, seed,
              took.count());
  for (const auto& [outcome, count] : soak.outcomes()) std::printf("  %-16s %6d\n", outcome.c_str(), count);
  const bool good = compare(before, after) && breakers.trouble().empty();
  if (!breakers.trouble().empty()) std::printf("the store: %s\n", breakers.trouble().c_str());
  kill_tagged(soak::kTag, mark);  // leaked processes do not outlive the test
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  // One arena for each of many short-lived threads varies too much; two show what is kept.
  ::mallopt(M_ARENA_MAX, 2);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(SIGPIPE, SIG_IGN);
  const int runs = argc > 1 ? std::atoi(argv[1]) : 2000;
  const unsigned seed = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
  std::string directory = (std::filesystem::temp_directory_path() / "delegate-soak-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return 1;
  const int code = soak_for(runs, seed, directory);
  std::filesystem::remove_all(directory);
  return code;
}
