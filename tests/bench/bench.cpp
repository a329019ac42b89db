// What people and editors wait for, beside the least that any program must do for it. Measured and never asserted:
//   bench TOOLS ROUNDS DROP DELEGATE [BEFORE]
// TOOLS has the minimal programs. All variants take turns, so that a noisy machine affects all equally; a ratio is that
// of two runs in the same round. DROP is "drop" if the page cache of the whole machine is to be dropped where it is to
// be cold, which needs root. BEFORE is another delegate that is measured in the same rounds. Prints a Markdown table.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <thread>

#include "tests/bench/aged_state.hpp"
#include "tests/bench/process.hpp"

namespace {

using namespace delegate::bench;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr long kYearOfRuns = 100'000;
constexpr int kAtOnce = 64;
constexpr int kColdRounds = 15;
constexpr int kWarmUp = 3;
constexpr int kWarmCalls = 50;

struct Usage {
  double faults = 0;
  double peak_mb = 0;
};

/// A row. `once` returns milliseconds; `usage` comes from runs that are not timed.
struct Variant {
  std::string name;
  int floor = -1;  // the row it is compared with
  std::function<double(const Program&)> once;
  Program program;
  std::function<void()> prepare = [] {};
  std::function<Usage(const Variant&)> usage;
  int every = 1;  // of how many rounds it takes part in one
  std::vector<double> took = {};
};

double milliseconds_since(Clock::time_point begun) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

double run_to_end(const Program& program) {
  const auto begun = Clock::now();
  Child(program).finish();
  return milliseconds_since(begun);
}

double run_at_once(const Program& program) {
  const auto begun = Clock::now();
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < kAtOnce; ++i) children.push_back(std::make_unique<Child>(program));
  for (const auto& child : children) child->finish();
  return milliseconds_since(begun);
}

/// The program, with other arguments.
Program with(Program program, std::size_t kept, const std::vector<std::string>& words) {
  program.argv.resize(kept);
  program.argv.insert(program.argv.end(), words.begin(), words.end());
  return program;
}

double submit_and_wait(const Program& program) {
  const auto begun = Clock::now();
  std::string run = Child(program).finish();
  run.pop_back();
  const std::size_t kept = program.argv.size() - 3;  // without "submit --no-stdin hello"
  Child(with(program, kept, {"result", "--wait", run})).finish();
  const double took = milliseconds_since(begun);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // until the processes in the background have ended
  return took;
}

// ---- MCP
// -------------------------------------------------------------------------------------------------------------

const char* const kHello =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},)"
    R"("clientInfo":{"name":"bench","version":"1"}}})";

void call_tool(Child& server, int id) {
  server.write_line(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) +
                    R"(,"method":"tools/call","params":{"name":"ask","arguments":{"prompt":"hello"}}})");
  const std::string answer = server.read_line();
  if (answer.find("pong") != std::string::npos) return;
  std::fprintf(stderr, "bench: not an answer: %s\n", answer.c_str());
  std::_Exit(1);
}

std::unique_ptr<Child> greeted(const Program& program) {
  auto server = std::make_unique<Child>(program, Input::pipe);
  server->write_line(kHello);
  server->read_line();
  server->write_line(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  return server;
}

double serve_first_call(const Program& program) {
  const auto begun = Clock::now();
  const auto server = greeted(program);
  call_tool(*server, 2);
  const double took = milliseconds_since(begun);
  server->finish();
  return took;
}

void serve_calls(const Program& program, int calls) {
  const auto server = greeted(program);
  for (int id = 2; id < 2 + calls; ++id) call_tool(*server, id);
  server->finish();
}

std::function<double(const Program&)> warm_call() {
  return [server = std::shared_ptr<Child>(), id = 2](const Program& program) mutable {
    if (!server) server = greeted(program), call_tool(*server, id++);
    const auto begun = Clock::now();
    call_tool(*server, id++);
    return milliseconds_since(begun);
  };
}

// ---- the world
// ---------------------------------------------------------------------------------------------------------

class World {
 public:
  World(fs::path tools, fs::path scratch, bool drops)
      : tools_(std::move(tools)), scratch_(std::move(scratch)), drops_(drops) {
    fill_history(scratch_ / "year.db", kYearOfRuns);
  }

  std::string tool(const char* name) const { return tools_ / name; }

  Program minimal(std::vector<std::string> argv) const {
    return {.argv = std::move(argv), .env = {"PATH=/usr/bin:/bin"}};
  }

  /// A home of its own, and the program in it with these arguments.
  Program at_home(const std::string& name, const std::string& delegate, const std::vector<std::string>& words,
                  const std::string& store = "sqlite") const {
    const fs::path home = scratch_ / name;
    fs::create_directories(home);
    std::ofstream(home / "delegate.toml")
        << "[router]\norder = [\"instant\"]\nlocal = \"\"\n[history]\nlimit = " << kYearOfRuns
        << "\n[backends.instant]\nkind = \"command\"\nmax_parallel = " << kAtOnce << "\ncommand = \""
        << tool("instant_cli") << "\"\n[state]\nstore = \"" << store << "\"\npath = \"" << state_of(name).string()
        << "\"\n";
    return with({.argv = {delegate, "--config", home / "delegate.toml"},
                 .env = {"HOME=" + home.string(), "PATH=/usr/bin:/bin", "XDG_RUNTIME_DIR=" + home.string()}},
                3, words);
  }

  fs::path state_of(const std::string& name) const { return scratch_ / name / "state/state.db"; }

  /// The state of a home is that of a year of use.
  void age(const std::string& name) const {
    fs::create_directories(state_of(name).parent_path());
    fs::permissions(state_of(name).parent_path(), fs::perms::owner_all);
    fs::copy_file(scratch_ / "year.db", state_of(name));
    fs::permissions(state_of(name), fs::perms::owner_read | fs::perms::owner_write);
  }

  /// The most frames that asks of this program leave in the log.
  std::uint32_t most_in_log(const std::string& name, const Program& ask) const {
    std::uint32_t most = 0;
    for (int i = 0; i < 150; ++i) {
      Child(ask).finish();
      most = std::max(most, frames_in_log(state_of(name)));
    }
    return most;
  }

  /// As it was after the first ask.
  void freshen(const std::string& name, const Program& ask) const {
    const fs::path directory = state_of(name).parent_path();
    const fs::path first = scratch_ / (name + ".first");
    if (!fs::exists(first)) {
      Child(ask).finish();
      fs::copy(directory, first);
    }
    for (const auto& file : fs::directory_iterator(directory)) fs::remove(file);
    for (const auto& file : fs::directory_iterator(first)) fs::copy_file(file, directory / file.path().filename());
  }

  void cool(const std::vector<fs::path>& files) const {
    for (const fs::path& file : files) evict(file);
    if (drops_) std::ofstream("/proc/sys/vm/drop_caches") << "1";
  }

  /// Of some runs, which are not timed.
  Usage usage_of(const Variant& variant, const std::function<void(const Program&)>& run) const {
    const fs::path notes = scratch_ / "usage";
    fs::remove(notes);
    Program noted = variant.program;
    noted.argv.insert(noted.argv.begin(), {tool("usage"), notes});
    variant.prepare();
    run(noted);
    std::ifstream file(notes);
    Usage sum;
    for (double faults = 0, kib = 0; file >> faults >> kib;)
      sum = {sum.faults + faults, std::max(sum.peak_mb, kib / 1024)};
    return sum;
  }

 private:
  fs::path tools_;
  fs::path scratch_;
  bool drops_;
};

// ---- the rows
// ----------------------------------------------------------------------------------------------------------

class Bench {
 public:
  Bench(const World& world, std::vector<std::pair<std::string, std::string>> programs)
      : world_(world), programs_(std::move(programs)) {}

  void cold() {
    const std::string cli = world_.tool("instant_cli");
    const std::string direct = world_.tool("direct_spawn");
    const std::string server = world_.tool("minimal_mcp");
    const int minimal = cold_row("minimal C program", -1, run_to_end, world_.minimal({cli}), {cli});
    const int one_shot =
        cold_row("minimal C one-shot", -1, run_to_end, world_.minimal({direct, "hello", cli}), {direct, cli});
    const int serving = cold_row("minimal C MCP server, start and first call", -1, serve_first_call,
                                 world_.minimal({server, cli}), {server, cli});
    for (const auto& [mark, program] : programs_) {
      const std::string home = "cold" + mark;
      world_.age(home);
      const fs::path state = world_.state_of(home);
      const std::vector<fs::path> files{program, cli, state, state.string() + "-wal", state.string() + "-shm"};
      cold_row("`delegate --version`" + mark, minimal, run_to_end, world_.minimal({program, "--version"}), {program});
      cold_row("`delegate ask`, a year of state" + mark, one_shot, run_to_end,
               world_.at_home(home, program, {"ask", "hello"}), files);
      cold_row("`delegate mcp`, start and first call" + mark, serving, serve_first_call,
               world_.at_home(home, program, {"mcp"}), files);
    }
    measure(kColdRounds);
  }

  void warm(int rounds) {
    const std::string cli = world_.tool("instant_cli");
    const Program direct = world_.minimal({world_.tool("direct_spawn"), "hello", cli});
    const Program server = world_.minimal({world_.tool("minimal_mcp"), cli});
    const int minimal = row("minimal C program, as instant as the CLI", -1, run_to_end, world_.minimal({cli}));
    const int one_shot = row("minimal C one-shot that asks the CLI", -1, run_to_end, direct);
    const int first_call = row("minimal C MCP server, start and first call", -1, serve_first_call, server);
    const int call = row("minimal C MCP server, warm call", -1, warm_call(), server);
    const int crowd = row(
        "64 minimal C one-shots at once", -1, run_at_once, direct, [] {}, kCrowdEvery);
    for (const auto& [mark, program] : programs_) {
      row("`delegate --version`" + mark, minimal, run_to_end, world_.minimal({program, "--version"}));
      asks(one_shot, mark, program);
      const std::string editor = "editor" + mark;
      world_.age(editor);
      row("`delegate mcp`, start and first call" + mark, first_call, serve_first_call,
          world_.at_home(editor, program, {"mcp"}));
      row("`delegate mcp`, warm call" + mark, call, warm_call(), world_.at_home(editor, program, {"mcp"}));
      const std::string shell = "shell" + mark;
      world_.age(shell);
      row("`delegate submit`, then `result --wait`" + mark, one_shot, submit_and_wait,
          world_.at_home(shell, program, {"submit", "--no-stdin", "hello"}));
      row("`delegate status`, a year of state" + mark, minimal, run_to_end, world_.at_home(shell, program, {"status"}));
      row(
          "64 `delegate ask` at once" + mark, crowd, run_at_once, world_.at_home(shell, program, {"ask", "hello"}),
          [] {}, kCrowdEvery);
    }
    measure(rounds);
  }

  void print() const {
    std::printf("| | ms | times its minimum | page faults | peak RSS |\n|---|---|---|---|---|\n");
    for (const Variant& variant : rows_) print(variant);
  }

 private:
  static constexpr int kCrowdEvery = 10;

  void asks(int one_shot, const std::string& mark, const std::string& program) {
    const std::string fresh = "fresh" + mark;
    const Program new_user = world_.at_home(fresh, program, {"ask", "hello"});
    row("`delegate ask`, new state" + mark, one_shot, run_to_end, new_user,
        [this, fresh, new_user] { world_.freshen(fresh, new_user); });
    const std::string year = "year" + mark;
    const Program old_user = world_.at_home(year, program, {"ask", "hello"});
    world_.age(year);
    const std::uint32_t most = world_.most_in_log(year, old_user);
    std::fprintf(stderr, "bench: the log has up to %u frames%s\n", most, mark.c_str());
    row("`delegate ask`, a year of state, fullest log" + mark, one_shot, run_to_end, old_user,
        [this, year, most] { fill_log(world_.state_of(year), most); });
    row("`delegate ask`, no state on disk" + mark, one_shot, run_to_end,
        world_.at_home("memory" + mark, program, {"ask", "hello"}, "memory"));
  }

  int row(
      const std::string& name, int floor, const std::function<double(const Program&)>& once, Program program,
      std::function<void()> prepare = [] {}, int every = 1) {
    const bool is_warm_call = name.find("warm call") != std::string::npos;
    rows_.push_back({.name = name,
                     .floor = floor,
                     .once = once,
                     .program = std::move(program),
                     .prepare = std::move(prepare),
                     .usage =
                         [this, is_warm_call, once](const Variant& variant) {
                           if (is_warm_call) return usage_of_warm_call(variant);
                           return world_.usage_of(variant, once);
                         },
                     .every = every});
    return static_cast<int>(rows_.size()) - 1;
  }

  int cold_row(const std::string& name, int floor, const std::function<double(const Program&)>& once, Program program,
               std::vector<fs::path> files) {
    return row("cold: " + name, floor, once, std::move(program),
               [this, files = std::move(files)] { world_.cool(files); });
  }

  Usage usage_of_warm_call(const Variant& variant) const {
    const Usage one = world_.usage_of(variant, [](const Program& program) { serve_calls(program, 1); });
    const Usage many = world_.usage_of(variant, [](const Program& program) { serve_calls(program, 1 + kWarmCalls); });
    return {(many.faults - one.faults) / kWarmCalls, many.peak_mb};
  }

  void measure(int rounds) {
    for (int round = -kWarmUp; round < rounds; ++round)
      for (std::size_t i = measured_; i < rows_.size(); ++i) {
        if (round % rows_[i].every != 0) continue;
        rows_[i].prepare();
        const double took = rows_[i].once(rows_[i].program);
        if (round >= 0) rows_[i].took.push_back(took);
      }
    measured_ = rows_.size();
  }

  static std::string quartiles(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto at = [&](double share) {
      return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
    };
    char text[64];
    std::snprintf(text, sizeof text, "%.2f (%.2f to %.2f)", at(0.5), at(0.25), at(0.75));
    return text;
  }

  void print(const Variant& variant) const {
    std::vector<double> ratios;
    for (std::size_t i = 0; variant.floor >= 0 && i < variant.took.size(); ++i)
      ratios.push_back(variant.took[i] / rows_[static_cast<std::size_t>(variant.floor)].took[i]);
    const Usage usage = variant.usage(variant);
    std::printf("| %s | %s | %s | %.0f | %.1f MB |\n", variant.name.c_str(), quartiles(variant.took).c_str(),
                ratios.empty() ? "" : quartiles(ratios).c_str(), usage.faults, usage.peak_mb);
  }

  const World& world_;
  std::vector<std::pair<std::string, std::string>> programs_;  // a mark for the names of its rows, and its path
  std::vector<Variant> rows_;
  std::size_t measured_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: bench TOOLS ROUNDS drop|keep DELEGATE [BEFORE]\n");
    return 2;
  }
  ::umask(077);
  const bool drops = std::string(argv[3]) == "drop" && ::access("/proc/sys/vm/drop_caches", W_OK) == 0;
  std::string scratch = (fs::temp_directory_path() / "delegate-bench-XXXXXX").string();
  if (::mkdtemp(scratch.data()) == nullptr) return 1;
  {
    std::vector<std::pair<std::string, std::string>> programs{{"", fs::absolute(argv[4])}};
    if (argc > 5) programs.insert(programs.begin(), {", before", fs::absolute(argv[5])});
    const World world(fs::absolute(argv[1]), scratch, drops);
    evict(programs.back().second);
    std::fprintf(stderr, "bench: cold: %s; of the binary %.0f %% stay in memory\n",
                 drops ? "the page cache of the machine is dropped" : "pages of binaries and state files are dropped",
                 percent_in_memory(programs.back().second));
    fs::create_directories(scratch + "/project");
    fs::current_path(scratch + "/project");  // of the editor: a server refuses to work in a home
    Bench bench(world, programs);
    bench.cold();
    bench.warm(std::atoi(argv[2]));
    bench.print();
  }
  fs::remove_all(scratch);
}
