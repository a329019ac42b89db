#pragma once
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/run/ask.hpp"
#include "core/state/memory.hpp"

// Asking in this process: a hand-built configuration, a store in memory, and the stand-in CLI as every backend.
namespace delegate::test {

using namespace std::chrono_literals;
inline constexpr std::chrono::seconds kPatience{120};  // ends a test that would hang; nothing waits for it

template <class Condition>
bool eventually(Condition condition) {
  const Deadline patience = Deadline::in(kPatience);
  while (!condition()) {
    if (patience.passed()) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// What it prints is the answer, but for its tools ("looks at a.cpp", "changes a.cpp") and what is used of its five
/// hours, which end in one ("used 0.4"); on stderr it reports its own retries. A model by the name of "none" is
/// refused before anything is started, and so are "odd", for an unknown reason, and "misused", for a mistake of the
/// caller's own; "drafts" may take back what it has said.
class PlainCli final : public Backend {
 public:
  std::string_view kind() const override { return "plain"; }
  bool is_process() const override { return true; }
  /// Without a list it can do all of it.
  Capabilities capabilities(const BackendSettings& settings) const override {
    Capabilities can;
    for (std::size_t i = 0; i < kCapabilityNames.size(); ++i)
      if (settings.can.empty() ||
          std::find(settings.can.begin(), settings.can.end(), kCapabilityNames[i]) != settings.can.end())
        can.add(static_cast<Capability>(i));
    return can;
  }
  bool reports_tools() const override { return true; }
  Call version_call(const Task& task) const override { return ProcessCall{.argv = {task.executable, "--version"}}; }
  tl::expected<Call, Failure> prepare(const Task& task, const std::vector<HttpResult>&) const override {
    if (task.model == "none") return tl::unexpected(Failure{Outcome::model_rejected, "there is no such model", {}, {}});
    if (task.model == "odd" || task.model == "misused")
      return tl::unexpected(
          Failure{.outcome = Outcome::bad_request, .message = "refused", .is_callers_own = task.model == "misused"});
    ProcessCall call{.argv = task.settings.command, .input = task.prompt};
    for (const auto& [name, value] : task.environment) call.env.push_back(name + "=" + value);
    return call;
  }
  void read(ParsedOutput& parsed, const Task& task, Stream stream, std::string_view line) const override {
    if (stream == Stream::err) return read_failure(parsed, line);
    if (line.starts_with("looks at ")) return parsed.begin_tool("1", "reading", ToolUse::reads);
    if (line.starts_with("changes ")) {
      parsed.begin_tool("1", "writing", ToolUse::may_write);
      return parsed.add_written_file(std::string(trim(line.substr(8))));
    }
    if (line.starts_with("used ")) return read_share(parsed, line.substr(5));
    parsed.text_grows = task.model != "drafts";
    if (task.model != "drafts") {
      parsed.text += line;
      return;
    }
    // "remark: …" is taken back by the next line.
    if (parsed.draft.starts_with("remark")) parsed.begin_draft();
    parsed.draft += line;
  }
  void conclude(ParsedOutput& parsed, const Task&) const override {
    parsed.text += parsed.draft;
    parsed.complete = !parsed.text.empty();
    if (parsed.complete) parsed.failure.reset();
  }
  std::optional<Failure> explain(const ParsedOutput&, const Task&, const RawOutput&) const override {
    return std::nullopt;
  }
  /// The variable QUOTA_ANSWER is what it says about its windows when it is asked, until its stdin ends.
  std::optional<ProcessCall> quota_query(const Task& task) const override {
    const auto answer = task.environment.find("QUOTA_ANSWER");
    if (answer == task.environment.end()) return std::nullopt;
    return ProcessCall{.argv = {FAKE_CLI, "--say", answer->second, "--read-stdin"}, .input = "?\n"};
  }
  std::optional<QuotaReading> quota_of_answer(std::string_view out, milliseconds now) const override {
    ParsedOutput parsed;
    if (out.starts_with("used ")) read_share(parsed, out.substr(5));
    QuotaReading reading = parsed.quota.value_or(QuotaReading{});
    reading.heard_at = now;
    return reading;
  }
  std::optional<AccountField> account_field(const Task& task) const override {
    const auto file = task.environment.find("ACCOUNT_FILE");
    return file == task.environment.end() ? std::nullopt : std::optional(AccountField{file->second, "/id"});
  }

 private:
  static void read_share(ParsedOutput& parsed, std::string_view share) {
    const double used = std::strtod(std::string(share).c_str(), nullptr);
    parsed.quota = QuotaReading{.windows = {{"five_hour", used, wall_now() + 1h}}, .overage = {}};
  }
  /// "failed 2 times": it goes on trying by itself.
  static void read_failure(ParsedOutput& parsed, std::string_view line) {
    if (!line.starts_with("failed ")) return;
    parsed.failure = Failure{Outcome::server_error, "it failed", {}};
    parsed.failure->retrying = Retrying{.failures = line[7] - '0'};
  }
};

inline const Backend* plain_cli(std::string_view kind) {
  static const PlainCli backend;
  return kind == backend.kind() ? &backend : nullptr;
}

/// Notes what it hears.
class Listener final : public Observer {
 public:
  void asking(const std::string& backend, bool probe) override {
    heard.push_back((probe ? "probing " : "asking ") + backend);
  }
  void skipped(const Skip& skip) override {
    heard.push_back("skipped " + skip.backend + ": " + std::string(to_string(skip.reason)));
  }
  void output(const std::string& backend, const OutputDelta& delta) override {
    if (delta.reset) heard.push_back(backend + " begins anew");
    if (!delta.text.empty()) heard.push_back(backend + " says " + delta.text);
  }
  void ended(const Attempt& attempt) override {
    heard.push_back("ended " + attempt.backend + ": " + std::string(to_string(attempt.outcome)));
  }
  std::vector<std::string> heard;
};

class Asking {
 public:
  Asking() {
    std::string name = (std::filesystem::temp_directory_path() / "delegate-ask-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    directory_ = name;
    config.backends.clear();
    config.router.order = {};
    config.router.local.clear();
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& name) const { return (directory_ / name).string(); }
  void touch(const std::string& name) const { std::ofstream(file(name)) << '\n'; }
  std::size_t lines(const std::string& name) const {
    std::ifstream in(file(name));
    std::size_t count = 0;
    for (std::string line; std::getline(in, line);) ++count;
    return count;
  }

  /// The stand-in reads its prompt first, and leaves a line in the file "NAME.spawns".
  BackendSettings& backend(const std::string& name, std::vector<std::string> options) {
    if (config.backends.count(name) == 0) config.router.order.names.push_back(name);
    BackendSettings& settings = config.backends[name];
    settings = {
        .name = name, .kind = "plain", .command = {FAKE_CLI, "--read-stdin", "--touch", file(name + ".spawns")}};
    settings.command.insert(settings.command.end(), options.begin(), options.end());
    return settings;
  }

  RunResult ask(const std::string& backend = "auto", Request more = {}) {
    Listener listener;
    return ask(backend, never, listener, std::move(more));
  }
  RunResult ask(const std::string& backend, const CancelToken& cancel, Observer& observer, Request more = {}) {
    more.prompt = "hello";
    more.backend = backend;
    return delegate::ask(engine, more, cancel, observer);
  }

  BackendState state(const std::string& name) {
    auto reading = store->read();
    REQUIRE(reading);
    return reading->backends[name];
  }
  /// Its breaker is open, its break over.
  void make_half_open(const std::string& name) {
    REQUIRE(breakers.change(name, [](Breaker& breaker, const HostTime& now) { open_for(breaker, now, 0ms); }));
  }

  /// Open for a limit of ten hours that its vendor stated; a slow probe is due.
  void make_limited(const std::string& name) {
    REQUIRE(breakers.change(name, [](Breaker& breaker, const HostTime& now) {
      open_for(breaker, now, 10h);
      breaker.manual = false;
      breaker.limit_probe = Span{now, 0ms};
      breaker.last_failure = LastFailure{"quota_exhausted", "resets in 10 hours", now.wall};
    }));
  }

  Config config = built_in_config();
  const CancelToken never{};
  SystemClock clock{};
  std::unique_ptr<StateStore> store = make_memory_store(clock);
  Breakers breakers{store.get(), {}, {.boot_id = clock.now().boot_id, .pid = ::getpid(), .start_time = 1}};
  Guards guards{store.get(), breakers.self(), config.guards};
  Engine engine{.config = config,
                .find_backend = plain_cli,
                .breakers = breakers,
                .guards = guards,
                .ledger = &store->ledger(),
                .clock = clock,
                .environment = {{"PATH", "/nowhere"}},
                .scratch = {},
                .redact = Redactor({}),
                .store = store.get()};

 private:
  std::filesystem::path directory_;
};

}  // namespace delegate::test
