#pragma once
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.hpp"
#include "core/os/file.hpp"
#include "core/state/sqlite_files.hpp"

// A connection and its statements: safe handling of SQLite, independent of breakers and runs.
namespace delegate::sqlite {

using std::chrono::milliseconds;

/// A prepared statement, reset when this handle goes away so that it can be used again.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  Statement& bind(double number);
  Statement& bind(const std::optional<std::int64_t>& number);
  Statement& bind(const std::optional<double>& number);

  /// True: there is a row. False: done.
  Result<bool> step();
  Status run();  // to its end

  std::string text(int column) const;
  std::int64_t integer(int column) const;
  std::optional<std::int64_t> maybe_integer(int column) const;
  std::optional<double> maybe_real(int column) const;

 private:
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

/// A connection to a file with the current schema. Its triggers and views have no effect: ours has none.
class Database {
 public:
  struct Options {
    Path path;
    milliseconds busy_wait{100};
    std::span<const char* const> migrations;  // step N makes version N out of version N-1
    /// Steps after the newest version that programs without them can still read and write: new tables, new columns with
    /// a default. A running older server keeps its breakers.
    std::span<const char* const> additions = {};
    /// How many tables and indexes all of them make: a file that has fewer is repaired when it is opened.
    int parts = 0;
    /// Called by the process whose commit made the log long, after a step or when the connection ends; it should have
    /// another process call shorten_log(). Without that, a commit copies the log itself from time to time. Must not use
    /// this connection.
    std::function<void()> when_log_is_long = {};
  };
  /// Opens or creates the file; one that is not a database is renamed first, and so is one with other tables than its
  /// version has, unless they can be repaired without losing anything (sqlite_shape.hpp).
  /// Code::invalid_argument: a newer schema, or tables of another program.
  static Result<std::unique_ptr<Database>> open(Options options);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// Runs `step` on the file that has the name now: other processes may have renamed or deleted the earlier one. If the
  /// file turns out to be damaged, or its tables do not fit the statements, it is checked and repaired or renamed, and
  /// `step` runs once more. No statement may be held across this call.
  template <class Step>
  auto on_sound_file(const Step& step) -> decltype(step()) {
    TRY_STATUS(follow_file());
    auto done = step();
    report_growth();
    if (done || !is_about_the_file(done.error())) return done;
    TRY_STATUS(connect_to_sound_file(done.error().code == Code::data_loss ? Check::every_page : Check::schema));
    done = step();
    report_growth();
    return done;
  }
  /// Until release_reports(), a log that became long is not reported: what shortens it takes the lock that the next
  /// steps of this process need.
  void hold_reports() { are_reports_held_ = true; }
  void release_reports();
  /// Damage, or a statement that does not fit the tables.
  static bool is_about_the_file(const Error& error) {
    return error.code == Code::data_loss || error.code == Code::internal;
  }

  /// Statements are kept by the address of their text: pass string literals.
  Result<sqlite3_stmt*> prepare(const char* sql);
  Status execute(const char* sql);
  /// By the last statement that was to change some.
  /// How many additions the file had that this connection has upgraded; nothing: it was new, or needed no upgrade.
  std::optional<int> additions_before_upgrade() const { return additions_before_; }
  int changed_rows() const { return sqlite3_changes(handle_); }
  /// The version of the file's schema. Code::invalid_argument: a newer one.
  Result<int> known_version();
  const std::string& notice() const { return notice_; }

  /// Copies the log into the file and begins it again, as far as no other process reads or writes just now. Waits for
  /// the disk several times, so it is for a process that no other waits for. Leaves a file alone that is not sound, and
  /// up to 1,000 pages where the disk takes longer than `quick_sync` to sync the log.
  static Status shorten_log(Options options, milliseconds quick_sync);
  /// For what must not stay in the log. Waits at most twice `busy_wait` for others, and leaves the log to the next call
  /// if they are not done then. Not inside a transaction.
  void empty_log();
  /// One page goes through the log and back to what it was, so a full disk shows as well.
  Status write_nothing();

 private:
  enum class Check { header, schema, every_page };
  explicit Database(Options options);
  int newest_version() const { return static_cast<int>(options_.migrations.size()); }
  int newest_addition() const { return static_cast<int>(options_.additions.size()); }
  Status connect();
  void disconnect();
  Status follow_file();
  Result<bool> open_as_it_is();
  Status connect_to_sound_file(Check check);
  Status copy_log(int mode);
  Status adopt_schema(Check check);
  Status repair_and_upgrade(int version);
  Status check_every_page();
  Result<int> user_version();
  Result<int> additions_made();
  /// The one that has the newest version and all tables, as far as their number says so.
  Result<bool> has_current_schema();
  Error error(const char* doing) const;
  static int wait_for_others(void* self, int calls);
  static int note_growth(void* self, sqlite3* handle, const char* name, int frames);
  void report_growth();

  Options options_;
  sqlite3* handle_ = nullptr;
  FileNames names_;
  std::map<const char*, sqlite3_stmt*> statements_;
  std::chrono::steady_clock::time_point waiting_since_;
  std::string notice_;
  std::optional<int> additions_before_;
  int frames_ = 0;  // in the log, after the last commit of this connection
  bool is_log_long_ = false;
  bool are_reports_held_ = false;
};

/// ROLLBACK on destruction unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);          // to write: others that begin to write wait
  static Result<Transaction> begin_reading(Database& database);  // sees one moment; never waits, needs no commit
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace delegate::sqlite
