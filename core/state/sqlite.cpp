#include "core/state/sqlite.hpp"

#include <mutex>

#include "core/os/directory.hpp"
#include "core/os/lock_holder.hpp"
#include "core/state/codec.hpp"
#include "core/state/shared_drops.hpp"
#include "core/state/sqlite_canary.hpp"
#include "core/state/sqlite_database.hpp"
#include "core/state/sqlite_jobs.hpp"
#include "core/state/sqlite_ledger.hpp"
#include "core/state/sqlite_notifications.hpp"
#include "core/state/sqlite_schema.hpp"
#include "core/state/sqlite_survey.hpp"
#include "core/state/sqlite_writers.hpp"

namespace delegate {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr milliseconds kShorteningWait{10};  // a lock that others want is not kept for longer

class SqliteStore final : public StateStore {
 public:
  SqliteStore(std::unique_ptr<Database> database, Path path, const Clock& clock)
      : database_(std::move(database)),
        path_(std::move(path)),
        clock_(clock),
        ledger_(*database_, mutex_),
        jobs_(*database_, mutex_, clock),
        canary_(*database_, mutex_, clock) {}

  Status update(const std::string& backend, const Change& change) override {
    const std::lock_guard lock(mutex_);
    return database_->on_sound_file([&] { return update_once(backend, change); });
  }

  Result<Snapshot> read() override {
    const std::lock_guard lock(mutex_);
    return database_->on_sound_file([&] { return read_all(); });
  }

  Status update_guard(const std::string& guard, const GuardChange& change) override {
    const std::lock_guard lock(mutex_);
    return database_->on_sound_file([&] { return update_guard_once(guard, change); });
  }

  Result<GuardState> guard(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    return database_->on_sound_file([&] { return load_guard(name); });
  }

  Result<NotificationRows> notifications() override {
    const std::lock_guard lock(mutex_);
    return database_->on_sound_file([&] { return sqlite::load_notifications(*database_); });
  }

  Status change_notifications(const NotificationChange& change) override {
    const std::lock_guard lock(mutex_);
    return database_->on_sound_file([&]() -> Status {
      TRY(Transaction transaction, Transaction::begin(*database_));
      TRY_STATUS(rewrite_notifications([&](NotificationRows& rows) { change(rows, clock_.now()); }));
      return transaction.commit();
    });
  }

  Result<WritersState> writers() override {
    const std::lock_guard lock(mutex_);
    return database_->on_sound_file([&] { return sqlite::load_writers(*database_); });
  }

  Status change_writers(const WritersChange& change) override {
    const std::lock_guard lock(mutex_);
    return database_->on_sound_file([&]() -> Status {
      TRY(Transaction transaction, Transaction::begin(*database_));
      TRY(const WritersState before, sqlite::load_writers(*database_));
      WritersState after = before;
      change(after, clock_.now());
      if (after == before) return {};
      TRY_STATUS(sqlite::save_writers(*database_, before, after));
      return transaction.commit();
    });
  }

  Ledger& ledger() override { return ledger_; }
  Jobs* jobs() override { return &jobs_; }
  CanaryRecords* canary() override { return &canary_; }

  Survey survey(SurveyDepth depth) override {
    const std::lock_guard lock(mutex_);
    bool is_repeated = false;
    const auto take = [&]() -> Result<Survey> {
      Survey taken = sqlite::survey(*database_, clock_, depth);
      // A damaged file is replaced or repaired, and looked at again. What is then left fails alone.
      const Error* damage = first_error_in(taken, [](const Error& one) { return one.code == Code::data_loss; });
      if (damage == nullptr && !is_repeated) damage = first_error_in(taken, Database::is_about_the_file);
      is_repeated = true;
      if (damage != nullptr) return tl::unexpected(*damage);
      return taken;
    };
    auto taken = database_->on_sound_file(take);
    return taken ? *std::move(taken) : unreadable_survey(taken.error());
  }

  Description describe() override { return {.kind = "sqlite", .path = path_.string()}; }
  std::optional<std::int64_t> locked_by() const override {
    constexpr std::uint64_t kWriterByte = 120;  // https://www.sqlite.org/walformat.html, section 2.3: WAL_WRITE_LOCK
    const auto pid = holder_of_write_lock(path_.string() + "-shm", kWriterByte);
    return pid ? std::optional<std::int64_t>(*pid) : std::nullopt;
  }
  std::string notice() const override {
    const std::lock_guard lock(mutex_);
    return database_->notice();
  }

  bool has_begun_to_keep_summaries() const override {
    const std::lock_guard lock(mutex_);
    const auto before = database_->additions_before_upgrade();
    return before && *before < sqlite::kAdditionsWithSummaries;
  }

  bool can_be_opened_again() {
    const std::lock_guard lock(mutex_);
    return Directory::open_private(path_.parent_path()) &&
           database_->on_sound_file([&] { return database_->known_version(); });
  }

 private:
  Status update_once(const std::string& backend, const Change& change) {
    TRY(Transaction transaction, Transaction::begin(*database_));
    TRY(const BackendState before, load(backend));
    BackendState after = before;
    change(after, clock_.now());
    if (after == before) return {};
    if (concerns_peer(before, after)) {
      TRY(const Snapshot all, read_once());
      for (const auto& [name, other] : share_drops(backend, before, after, all.backends)) TRY_STATUS(save(name, other));
    }
    TRY_STATUS(save(backend, after));
    if (edge_between(before.breaker, after.breaker) || is_quota_edge(before.quota, after.quota, clock_.now().wall))
      TRY_STATUS(rewrite_notifications([&](NotificationRows& rows) {
        record_quota_edge(rows, backend, before.quota, after.quota, clock_.now());
        record_backend_edge(rows, backend, before.breaker, after.breaker, clock_.now());
      }));
    return transaction.commit();
  }

  Status update_guard_once(const std::string& guard, const GuardChange& change) {
    TRY(Transaction transaction, Transaction::begin(*database_));
    TRY(const GuardState before, load_guard(guard));
    GuardState after = before;
    change(after, clock_.now());
    if (after == before) return {};
    TRY_STATUS(save_guard(guard, after));
    if (edge_between(before.breaker, after.breaker))
      TRY_STATUS(rewrite_notifications([&](NotificationRows& rows) {
        record_guard_edge(rows, guard, before.breaker, after.breaker, clock_.now());
      }));
    return transaction.commit();
  }

  /// Inside a transaction.
  template <class Rewrite>
  Status rewrite_notifications(const Rewrite& rewrite) {
    TRY(const NotificationRows before, sqlite::load_notifications(*database_));
    NotificationRows after = before;
    rewrite(after);
    return sqlite::save_notifications(*database_, before, after);
  }

  Status save(const std::string& backend, const BackendState& state) {
    TRY(sqlite3_stmt * raw, database_->prepare("INSERT INTO backend_state (name, state) VALUES (?1, ?2) "
                                               "ON CONFLICT (name) DO UPDATE SET state = ?2"));
    return Statement(raw).bind(backend).bind(encode(state)).run();
  }

  Result<Snapshot> read_once() {
    TRY(sqlite3_stmt * raw, database_->prepare("SELECT name, state FROM backend_state"));
    Statement statement(raw);
    Snapshot snapshot{.now = clock_.now()};
    for (;;) {
      TRY(const bool row, statement.step());
      if (!row) return snapshot;
      snapshot.backends[statement.text(0)] = decode(statement.text(1)).value_or(BackendState{});
    }
  }

  Result<Snapshot> read_all() {
    TRY(const Transaction moment, Transaction::begin_reading(*database_));
    TRY(Snapshot snapshot, read_once());
    TRY(sqlite3_stmt * raw, database_->prepare("SELECT name, state FROM guards"));
    Statement statement(raw);
    for (;;) {
      TRY(const bool row, statement.step());
      if (!row) return snapshot;
      snapshot.guards[statement.text(0)] = decode_guard(statement.text(1)).value_or(GuardState{});
    }
  }

  Result<GuardState> load_guard(const std::string& name) {
    TRY(sqlite3_stmt * raw, database_->prepare("SELECT state FROM guards WHERE name = ?"));
    Statement statement(raw);
    TRY(const bool row, statement.bind(name).step());
    if (!row) return GuardState{};
    return decode_guard(statement.text(0)).value_or(GuardState{});
  }

  Status save_guard(const std::string& name, const GuardState& state) {
    if (state == GuardState{}) {
      TRY(sqlite3_stmt * raw, database_->prepare("DELETE FROM guards WHERE name = ?"));
      return Statement(raw).bind(name).run();
    }
    TRY(sqlite3_stmt * raw, database_->prepare("INSERT INTO guards (name, state) VALUES (?1, ?2) "
                                               "ON CONFLICT (name) DO UPDATE SET state = ?2"));
    return Statement(raw).bind(name).bind(encode(state)).run();
  }

  Result<BackendState> load(const std::string& backend) {
    TRY(sqlite3_stmt * raw, database_->prepare("SELECT state FROM backend_state WHERE name = ?"));
    Statement statement(raw);
    TRY(const bool row, statement.bind(backend).step());
    if (!row) return BackendState{};
    // An unreadable row must not stop a call: it reads as a new, closed breaker.
    return decode(statement.text(0)).value_or(BackendState{});
  }

  std::unique_ptr<Database> database_;
  Path path_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // one connection, one user at a time
  SqliteLedger ledger_;
  SqliteJobs jobs_;
  SqliteCanary canary_;
};

Database::Options options_of(const Path& path, milliseconds busy_wait) {
  return {.path = path,
          .busy_wait = busy_wait,
          .migrations = sqlite::migrations(),
          .additions = sqlite::additions(),
          .parts = sqlite::kSchemaParts};
}

}  // namespace

Result<std::unique_ptr<StateStore>> open_sqlite_store(const Path& path, const Clock& clock, milliseconds busy_wait,
                                                      std::function<void()> when_log_is_long) {
  Database::Options options = options_of(path, busy_wait);
  options.when_log_is_long = std::move(when_log_is_long);
  TRY(auto database, Database::open(std::move(options)));
  return std::unique_ptr<StateStore>(std::make_unique<SqliteStore>(std::move(database), path, clock));
}

bool can_be_opened_again(StateStore& store) {
  auto* const in_file = dynamic_cast<SqliteStore*>(&store);
  return in_file == nullptr || in_file->can_be_opened_again();
}

Status shorten_log(const Path& path, milliseconds quick_sync) {
  if (!sqlite::is_file(path)) return {};  // opening would create its directory
  return Database::shorten_log(options_of(path, kShorteningWait), quick_sync);
}

}  // namespace delegate
