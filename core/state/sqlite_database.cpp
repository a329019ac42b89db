#include "core/state/sqlite_database.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include "core/os/random.hpp"
#include "core/state/sqlite_shape.hpp"

namespace delegate::sqlite {

namespace {

// Frames of the log. Each process that opens the file reads all that have not been copied into it, 3 microseconds each.
constexpr int kLong = 128;
constexpr int kWorthAnyWait = 1000;  // SQLite's own limit, at which the process that commits copies the log
constexpr int kTooLong = 2048;       // many calls at once may exceed it briefly
constexpr int kFarTooLong = 4096;    // shorten_log() was not called, or it could not
constexpr int kMostCopies = 8;       // beside others that commit all the time
constexpr std::uintmax_t kBytesOfFrame = 24 + 4096;

Code code_of(int result) {
  switch (result & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Code::data_loss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Code::busy;
    // All statements are ours, and so are the rows: the tables are not.
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return Code::internal;
    default: return Code::unavailable;
  }
}

/// SQLite's own words, and those of the system behind a failed open, read or write ("file too large": `ulimit -f`).
std::string words_of_error(sqlite3* handle) {
  const std::string words = sqlite3_errmsg(handle);
  const int kind = sqlite3_errcode(handle) & 0xFF;
  const int system = kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN ? sqlite3_system_errno(handle) : 0;
  return system == 0 ? words : words + ": " + errno_text(system);
}

}  // namespace

Statement::~Statement() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text64(statement_, ++bound_, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);  // NOLINT: the macro is a C cast
  return *this;
}
Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_, ++bound_, number);
  return *this;
}
Statement& Statement::bind(double number) {
  sqlite3_bind_double(statement_, ++bound_, number);
  return *this;
}
Statement& Statement::bind(const std::optional<std::int64_t>& number) {
  if (number) return bind(*number);
  ++bound_;  // unbound is NULL
  return *this;
}
Statement& Statement::bind(const std::optional<double>& number) {
  if (number) return bind(*number);
  ++bound_;
  return *this;
}

Result<bool> Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  sqlite3* handle = sqlite3_db_handle(statement_);
  const char* file = sqlite3_db_filename(handle, "main");
  return fail(code_of(result), std::string(file == nullptr ? "state" : file) + ": " + words_of_error(handle));
}

Status Statement::run() {
  for (;;) {
    TRY(const bool row, step());
    if (!row) return {};
  }
}

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
std::optional<std::int64_t> Statement::maybe_integer(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}
std::optional<double> Statement::maybe_real(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_double(statement_, column);
}

/// Without SQLite's statistics about its memory, which take a lock for each allocation; before its first open.
Database::Database(Options options) : options_(std::move(options)), names_(options_.path) {
  [[maybe_unused]] static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

Database::~Database() {
  disconnect();
  release_reports();
}

void Database::disconnect() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  statements_.clear();
  sqlite3_close(std::exchange(handle_, nullptr));
}

Error Database::error(const char* doing) const {
  const char* file = sqlite3_db_filename(handle_, "main");
  return Error{code_of(sqlite3_extended_errcode(handle_)),
               std::string(file == nullptr ? "state" : file) + ": " + doing + ": " + words_of_error(handle_),
               {}};
}

/// Short random waits instead of the growing ones of SQLite, so that no process starves among many short writers.
int Database::wait_for_others(void* self, int calls) {
  auto& database = *static_cast<Database*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (calls == 0) database.waiting_since_ = now;
  if (now - database.waiting_since_ >= database.options_.busy_wait) return 0;
  thread_local std::minstd_rand random{static_cast<std::uint_fast32_t>(random_bits())};
  std::this_thread::sleep_for(std::chrono::microseconds(100 + random() % 900));
  return 1;
}

/// Called after each commit, when its locks are released. Exactly one commit crosses each multiple of kLong.
int Database::note_growth(void* self, sqlite3* handle, const char* name, int frames) {
  int written = 0;
  int unused = 0;
  sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_WRITE, &written, &unused, 1);
  static_cast<Database*>(self)->frames_ = frames;
  const int before = std::max(frames - written, 0);
  if (before / kLong != frames / kLong) static_cast<Database*>(self)->is_log_long_ = true;
  if (before / kFarTooLong != frames / kFarTooLong)
    sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  return SQLITE_OK;
}

void Database::report_growth() {
  if (are_reports_held_ || !options_.when_log_is_long) return;
  if (std::exchange(is_log_long_, false)) options_.when_log_is_long();
}

void Database::release_reports() {
  are_reports_held_ = false;
  report_growth();
}

Status Database::write_nothing() {
  TRY(Transaction transaction, Transaction::begin(*this));
  TRY(const int version, user_version());
  TRY_STATUS(execute(("PRAGMA user_version = " + std::to_string(version)).c_str()));
  return transaction.commit();
}

Status Database::connect() {
  disconnect();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(options_.path.c_str(), &handle_, flags, nullptr) != SQLITE_OK) {
    const Error refused{code_of(sqlite3_extended_errcode(handle_)),
                        options_.path.string() + ": cannot be opened: " + words_of_error(handle_),
                        {}};
    disconnect();
    return tl::unexpected(refused);
  }
  sqlite3_busy_handler(handle_, wait_for_others, this);
  sqlite3_wal_hook(handle_, note_growth, this);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  for (const int foreign : {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_ENABLE_FKEY,
                            SQLITE_DBCONFIG_TRUSTED_SCHEMA})
    sqlite3_db_config(handle_, foreign, 0, nullptr);
  TRY_STATUS(execute("PRAGMA ignore_check_constraints=ON"));
  TRY_STATUS(execute("PRAGMA secure_delete=ON"));      // a prompt must not stay in free pages
  TRY_STATUS(execute("PRAGMA journal_size_limit=0"));  // nor behind the end of a log that begins again
  return execute("PRAGMA synchronous=NORMAL");
}

Result<int> Database::user_version() {
  TRY(sqlite3_stmt * raw, prepare("PRAGMA user_version"));
  Statement statement(raw);
  TRY(const bool row, statement.step());
  return row ? static_cast<int>(statement.integer(0)) : 0;
}

/// Their number stands in the header's application id, behind "del"; only SQLite's own tools look at it.
constexpr int kApplication = 0x64656C00;

Result<int> Database::additions_made() {
  TRY(sqlite3_stmt * raw, prepare("PRAGMA application_id"));
  Statement statement(raw);
  TRY(const bool row, statement.step());
  const auto id = row ? statement.integer(0) : 0;
  return id >= kApplication && id <= kApplication + 0xFF ? static_cast<int>(id - kApplication) : 0;
}

/// With more additions than ours, too.
Result<bool> Database::has_current_schema() {
  TRY(const Transaction moment, Transaction::begin_reading(*this));
  TRY(const int version, user_version());
  TRY(const int additions, additions_made());
  if (version != newest_version() || additions < newest_addition()) return false;
  TRY(sqlite3_stmt * raw, prepare("SELECT count(*) FROM sqlite_schema WHERE type IN ('table', 'index')"));
  Statement statement(raw);
  TRY(const bool row, statement.step());
  return row && statement.integer(0) >= options_.parts;
}

Result<int> Database::known_version() {
  TRY(const int found, user_version());
  if (found >= 0 && found <= newest_version()) return found;
  return fail(Code::invalid_argument,
              options_.path.string() + ": written by a newer delegate (schema " + std::to_string(found) +
                  ", this one knows " + std::to_string(newest_version()) + ")",
              "upgrade delegate, or set state.path to a file of its own");
}

Status Database::adopt_schema(Check check) {
  TRY(const int found, known_version());
  TRY(const bool is_current, has_current_schema());
  if (is_current && check != Check::schema) return {};
  return repair_and_upgrade(found);
}

Status Database::repair_and_upgrade(int version) {
  std::vector<const char*> steps(options_.migrations.begin(), options_.migrations.end());
  steps.insert(steps.end(), options_.additions.begin(), options_.additions.end());
  TRY(const int added, additions_made());
  const int claimed = version < newest_version() ? version : version + std::min(added, newest_addition());
  auto repair = plan_repair(handle_, steps, static_cast<std::size_t>(claimed));
  if (!repair)
    return fail(repair.error().code, options_.path.string() + ": " + repair.error().what, repair.error().hint);
  if (repair->what.empty() && repair->steps == steps.size()) return {};
  if (version < newest_version()) TRY_STATUS(execute("PRAGMA journal_mode=WAL"));
  TRY(Transaction transaction, Transaction::begin(*this));
  for (const std::string& statement : repair->statements)
    if (const Status done = execute(statement.c_str()); !done)
      return fail(done.error().code == Code::internal ? Code::data_loss : done.error().code, done.error().what);
  for (std::size_t i = repair->steps; i < steps.size(); ++i) TRY_STATUS(execute(steps[i]));
  TRY_STATUS(execute(("PRAGMA user_version=" + std::to_string(newest_version())).c_str()));
  TRY_STATUS(
      execute(("PRAGMA application_id=" + std::to_string(kApplication + std::max(added, newest_addition()))).c_str()));
  TRY_STATUS(transaction.commit());
  if (version > 0 && repair->what.empty()) additions_before_ = version < newest_version() ? 0 : added;
  if (!repair->what.empty()) notice_ = "state file repaired: " + options_.path.string() + ": " + repair->what;
  return {};
}

Status Database::check_every_page() {
  TRY(sqlite3_stmt * raw, prepare("PRAGMA quick_check(1)"));
  Statement statement(raw);
  TRY(const bool row, statement.step());
  const std::string found = row ? statement.text(0) : "";
  if (found == "ok") return {};
  return fail(Code::data_loss, options_.path.string() + ": " + found);
}

Status Database::connect_to_sound_file(Check check) {
  TRY(const Fd lock, lock_file(options_.path, FileLock::exclusive));
  disconnect();
  names_.look();
  if (names_.has_stale_index()) names_.remove_index();
  for (int tries = 0;; ++tries) {
    Status sound = create_private(options_.path);
    if (sound) sound = connect();
    if (sound) sound = adopt_schema(check);
    if (sound && check == Check::every_page) sound = check_every_page();
    if (sound) {
      names_.look_at_new_ones();
      return {};
    }
    disconnect();  // the next step tries again
    if (sound.error().code != Code::data_loss || tries > 0) return sound;
    TRY(const std::string renamed, rename_damaged(options_.path));
    notice_ = "damaged state file renamed to " + renamed + " (" + sound.error().what + "); starting with a new one";
  }
}

/// Also after a damaged file could not be renamed.
Status Database::follow_file() {
  if (handle_ != nullptr && names_.are_unchanged(handle_)) return {};
  return connect_to_sound_file(Check::header);
}

/// The usual case: the file exists and has our schema. False: it does not, or it is not sound.
Result<bool> Database::open_as_it_is() {
  const auto lock = lock_file(options_.path, FileLock::shared);
  // Where no lock file can be created, the files cannot be exchanged either.
  if (!lock && lock.error().code != Code::permission_denied) return tl::unexpected(lock.error());
  names_.look();
  if (!is_file(options_.path) || names_.has_stale_index() || !connect()) return false;
  const auto is_current = has_current_schema();
  if (!is_current || !*is_current) return false;
  if (!names_.has_companions()) names_.look_at_new_ones();
  return true;
}

Result<std::unique_ptr<Database>> Database::open(Options options) {
  std::unique_ptr<Database> database(new Database(std::move(options)));
  TRY(const bool is_open, database->open_as_it_is());
  if (!is_open) TRY_STATUS(database->connect_to_sound_file(Check::header));
  return database;
}

Status Database::copy_log(int mode) {
  if (sqlite3_wal_checkpoint_v2(handle_, "main", mode, nullptr, nullptr) != SQLITE_OK)
    return tl::unexpected(error("checkpoint"));
  return {};
}

/// A copy holds up no other process. The first commit after a complete one begins the log again, and keeps others from
/// writing until the header of the new log is on the disk: that commit is made here. Where the disk is slow it is worth
/// that wait only once the log is as long as SQLite itself would let it become. Commits of others during a copy make
/// another one necessary. If they never pause and the disk is quick, they have to wait for the last one.
Status Database::shorten_log(Options options, milliseconds quick_sync) {
  Database database(std::move(options));
  TRY(const bool is_open, database.open_as_it_is());
  if (!is_open) return {};
  const auto begun = std::chrono::steady_clock::now();
  TRY(const std::uintmax_t bytes, database.names_.sync_log());  // the copy would wait for it, too
  const bool is_slow = std::chrono::steady_clock::now() - begun > quick_sync;
  if (is_slow && bytes < kWorthAnyWait * kBytesOfFrame) return {};
  database.frames_ = static_cast<int>(bytes / kBytesOfFrame);
  int copies = 0;
  do {
    if (!database.names_.are_unchanged(database.handle_)) return {};
    TRY_STATUS(database.copy_log(SQLITE_CHECKPOINT_PASSIVE));
    if (Status written = database.write_nothing(); !written && written.error().code != Code::busy) return written;
  } while (database.frames_ >= kLong && ++copies < kMostCopies);
  if (is_slow || database.frames_ < kTooLong) return {};
  return database.copy_log(SQLITE_CHECKPOINT_TRUNCATE);
}

/// SQLite waits for readers, but not for another process that copies the log.
void Database::empty_log() {
  const auto give_up = std::chrono::steady_clock::now() + options_.busy_wait;
  for (;;) {
    const Status copied = copy_log(SQLITE_CHECKPOINT_TRUNCATE);
    if (copied || copied.error().code != Code::busy || std::chrono::steady_clock::now() >= give_up) return;
    std::this_thread::sleep_for(milliseconds(1));
  }
}

Result<sqlite3_stmt*> Database::prepare(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement != nullptr) return statement;
  if (sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    return tl::unexpected(error("query"));
  return statement;
}

Status Database::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return tl::unexpected(error("statement"));
  return {};
}

Result<Transaction> Transaction::begin(Database& database) {
  TRY(sqlite3_stmt * raw, database.prepare("BEGIN IMMEDIATE"));
  TRY_STATUS(Statement(raw).run());
  return Transaction(database);
}

Result<Transaction> Transaction::begin_reading(Database& database) {
  TRY(sqlite3_stmt * raw, database.prepare("BEGIN"));
  TRY_STATUS(Statement(raw).run());
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  // After some errors (full disk) SQLite has already rolled back; then this ROLLBACK fails, harmlessly.
  if (const auto raw = database_->prepare("ROLLBACK")) static_cast<void>(Statement(*raw).run());
}

Status Transaction::commit() {
  TRY(sqlite3_stmt * raw, database_->prepare("COMMIT"));
  TRY_STATUS(Statement(raw).run());
  database_ = nullptr;
  return {};
}

}  // namespace delegate::sqlite
