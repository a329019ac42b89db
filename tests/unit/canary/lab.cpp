#include "tests/unit/canary/lab.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "core/state/survey.hpp"

namespace delegate::test {
namespace {

const Backend* no_backend(std::string_view) { return nullptr; }

/// A store in which parts of a survey cannot be read.
class SpoiledStore final : public StateStore {
 public:
  SpoiledStore(std::unique_ptr<StateStore> store, const std::set<SurveyPart>& unreadable)
      : store_(std::move(store)), unreadable_(unreadable) {}

  Status update(const std::string& backend, const Change& change) override { return store_->update(backend, change); }
  Status update_guard(const std::string& guard, const GuardChange& change) override {
    return store_->update_guard(guard, change);
  }
  Result<Snapshot> read() override { return store_->read(); }
  Result<GuardState> guard(const std::string& name) override { return store_->guard(name); }
  Result<NotificationRows> notifications() override { return store_->notifications(); }
  Status change_notifications(const NotificationChange& change) override {
    return store_->change_notifications(change);
  }
  Result<WritersState> writers() override { return store_->writers(); }
  Status change_writers(const WritersChange& change) override { return store_->change_writers(change); }
  Ledger& ledger() override { return store_->ledger(); }
  Jobs* jobs() override { return store_->jobs(); }
  CanaryRecords* canary() override { return store_->canary(); }
  Description describe() override { return store_->describe(); }
  std::optional<std::int64_t> locked_by() const override { return store_->locked_by(); }
  std::string notice() const override { return store_->notice(); }

  Survey survey(SurveyDepth depth) override {
    Survey survey = store_->survey(depth);
    const auto spoil = [&](SurveyPart part, auto& result) {
      if (unreadable_.contains(part)) result = fail(Code::unavailable, "cannot be read");
    };
    spoil(SurveyPart::states, survey.states);
    spoil(SurveyPart::queue, survey.queue);
    spoil(SurveyPart::history, survey.history);
    spoil(SurveyPart::notifications, survey.notifications);
    spoil(SurveyPart::leases, survey.leases);
    spoil(SurveyPart::writers, survey.writers);
    spoil(SurveyPart::sizes, survey.sizes);
    return survey;
  }

 private:
  std::unique_ptr<StateStore> store_;
  const std::set<SurveyPart>& unreadable_;
};

}  // namespace

ProcessId id_of(pid_t pid) {
  ProcessId id = this_process(SystemClock().now().boot_id);
  id.pid = pid;
  for (const ProcessEntry& one : process_table("NONE").value_or(std::vector<ProcessEntry>{}))
    if (one.pid == pid) id.start_time = one.start_time;
  return id;
}

IdleProcess::IdleProcess(const std::string& tag, std::string variable) {
  std::string mark = "DELEGATE_RUN_ID=" + tag;
  char name[] = "sleep";
  char time[] = "600";
  char* arguments[] = {name, time, nullptr};
  std::vector<char*> environment;
  if (!tag.empty()) environment.push_back(mark.data());
  if (!variable.empty()) environment.push_back(variable.data());
  environment.push_back(nullptr);
  if (::posix_spawn(&pid_, "/bin/sleep", nullptr, nullptr, arguments, environment.data()) != 0)
    throw std::runtime_error("sleep cannot be started");
  id_ = id_of(pid_);
}

void IdleProcess::end() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

CanaryLab::CanaryLab() : self_(this_process(clock.now().boot_id)), process_{{}, "/", clock, interrupted_, signal_} {
  std::string name = (std::filesystem::temp_directory_path() / "delegate-canary-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error(name + ": cannot be made");
  directory_ = name;
  config.backends["codex"].max_parallel = 2;
  open(60s);
  options.pause = [this](milliseconds) {
    if (between_looks) between_looks();
    return false;
  };
  // The machine under test never sleeps by itself.
  options.awake = [this] { return clock.now().boot - asleep; };
}

void CanaryLab::open(milliseconds busy_wait) {
  auto store = open_sqlite_store(path("state.db"), clock, busy_wait);
  if (!store) throw std::runtime_error(store.error().what);
  engine_.reset();
  store_ = std::make_unique<SpoiledStore>(*std::move(store), unreadable);
  breakers_.emplace(store_.get(), std::nullopt, self_);
  guards_.emplace(store_.get(), self_, config.guards);
  engine_.emplace(Engine{.config = config,
                         .find_backend = no_backend,
                         .breakers = *breakers_,
                         .guards = *guards_,
                         .ledger = &store_->ledger(),
                         .clock = clock,
                         .environment = {},
                         .scratch = path("scratch"),
                         .redact = Redactor({}),
                         .store = store_.get(),
                         .store_path = path("state.db")});
}

CanaryLab::~CanaryLab() {
  store_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

canary::CycleReport CanaryLab::cycle(const std::set<std::string>& only) {
  options.only = only;
  auto report = canary::run_cycle(process_, *engine_, options);
  if (!report) throw std::runtime_error(report.error().what);
  if (*report) last_ = **report;
  return last_;
}

std::string CanaryLab::verdict(const std::string& id) {
  return std::string(to_string(cycle({id}).results.at(0).verdict));
}

std::vector<std::string> CanaryLab::found(const std::string& id) const {
  std::vector<std::string> lines;
  for (const canary::InvariantResult& one : last_.results)
    if (one.invariant->id == id)
      for (const canary::Deviation& deviation : one.deviations) lines.push_back(deviation.line);
  return lines;
}

std::string CanaryLab::reason(const std::string& id) const {
  for (const canary::InvariantResult& one : last_.results)
    if (one.invariant->id == id) return one.reason;
  return {};
}

void CanaryLab::tamper(const std::string& sql) const {
  sqlite3* handle = nullptr;
  ::sqlite3_open(path("state.db").c_str(), &handle);
  char* why = nullptr;
  const int done = ::sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &why);
  const std::string said = why == nullptr ? "" : why;
  ::sqlite3_free(why);
  ::sqlite3_close(handle);
  if (done != SQLITE_OK) throw std::runtime_error(sql + ": " + said);
}

void CanaryLab::set(const std::string& backend, const StateStore::Change& change) {
  REQUIRE(store_->update(backend, change));
}

void CanaryLab::add_run(const std::string& id, const ProcessId& owner, milliseconds ago) {
  REQUIRE(store_->ledger().begin_run({.id = id, .started_at = clock.now().wall - ago, .owner = owner}));
}

void CanaryLab::add_job(const std::string& id, JobRow::State state, const ProcessId& owner, milliseconds ago) {
  const JobRow row{.id = id, .submitted_at = clock.now().wall - ago, .line = {.candidates = {"codex"}}};
  REQUIRE(store_->jobs()->add(row, {"{}", "{}"}, {.parallel = 100, .queued = 100}));
  if (state == JobRow::State::waiting) return;
  const std::string columns = "owner_boot_id='" + owner.boot_id + "', owner_pid=" + std::to_string(owner.pid) +
                              ", owner_start_time=" + std::to_string(owner.start_time) +
                              ", owner_namespace=" + std::to_string(owner.pid_namespace);
  tamper("UPDATE jobs SET state=" + std::to_string(static_cast<int>(state)) + ", begun=1, turn=1, " + columns +
         " WHERE id='" + id + "'; DELETE FROM job_requests WHERE id='" + id + "'");
}

SlotLease CanaryLab::slot(const std::string& tag, const ProcessId& owner, milliseconds length) const {
  return {.token = tag, .owner = owner, .span = {clock.now(), length}, .tag = tag};
}

void CanaryLab::write(const std::string& file, milliseconds ahead) const {
  std::filesystem::create_directories(Path(file).parent_path());
  std::ofstream(file) << "# changed\n";
  const std::chrono::sys_time<milliseconds> time(clock.now().wall + ahead);
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::from_sys(time));
}

NotificationRows CanaryLab::notifications() { return store_->notifications().value_or(NotificationRows{}); }

}  // namespace delegate::test
