#pragma once
#include <sqlite3.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.hpp"
#include "core/os/file.hpp"

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
    if (done || !is_about_the_file(done.error())) return done;
    TRY_STATUS(connect_to_sound_file(done.error().code == Code::data_loss ? Check::every_page : Check::schema));
    return step();
  }
  /// Damage, or a statement that does not fit the tables.
  static bool is_about_the_file(const Error& error) {
    return error.code == Code::data_loss || error.code == Code::internal;
  }

  /// Statements are kept by the address of their text: pass string literals.
  Result<sqlite3_stmt*> prepare(const char* sql);
  Status execute(const char* sql);
  const std::string& notice() const { return notice_; }

 private:
  enum class Check { header, schema, every_page };
  explicit Database(Options options) : options_(std::move(options)) {}
  int newest_version() const { return static_cast<int>(options_.migrations.size()); }
  int newest_addition() const { return static_cast<int>(options_.additions.size()); }
  Status connect();
  void disconnect();
  Status follow_file();
  std::array<std::uint64_t, 2> companions() const;
  bool has_lost_companions() const;
  bool has_stale_index() const;
  Status connect_to_sound_file(Check check);
  Status adopt_schema(Check check);
  Status repair_and_upgrade(int version);
  Status check_every_page();
  Result<int> user_version();
  Result<int> additions_made();
  /// The one that has the newest version and all tables, as far as their number says so.
  Result<bool> has_current_schema();
  Error error(const char* doing) const;
  static int wait_for_others(void* self, int calls);

  Options options_;
  sqlite3* handle_ = nullptr;
  std::array<std::uint64_t, 2> companions_{};  // inodes of -wal and -shm; 0: there is none
  std::map<const char*, sqlite3_stmt*> statements_;
  std::chrono::steady_clock::time_point waiting_since_;
  std::string notice_;
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
