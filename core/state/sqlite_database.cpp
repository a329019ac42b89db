#include "core/state/sqlite_database.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>
#include <thread>

#include "core/base/duration.hpp"
#include "core/os/directory.hpp"
#include "core/os/fd.hpp"
#include "core/state/sqlite_shape.hpp"

namespace delegate::sqlite {

using namespace std::chrono_literals;

namespace {

constexpr std::array<const char*, 2> kCompanions{"-wal", "-shm"};  // files beside the database
constexpr milliseconds kLongestRepair = 10s;  // other processes create or replace the file within this time

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

/// Exclusive while the file is created, upgraded or renamed, so that only one process does it. Shared while it is
/// opened: SQLite finds the -wal and -shm files by name, so the files must not be exchanged in between.
enum class FileLock : int { shared = LOCK_SH, exclusive = LOCK_EX };
Result<Fd> lock_file(const Path& path, FileLock kind) {
  TRY(const Directory directory, Directory::open_private(path.parent_path()));
  const std::string name = path.string() + ".lock";
  const std::string file = path.filename().string() + ".lock";
  Fd fd(::openat(directory.fd(), file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) {
    const Code code = errno == EACCES || errno == EROFS ? Code::permission_denied : Code::unavailable;
    return fail(code, name + ": cannot be opened: " + errno_text(errno));
  }
  const auto give_up = std::chrono::steady_clock::now() + kLongestRepair;
  while (::flock(fd.get(), static_cast<int>(kind) | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return fail(Code::unavailable, name + ": cannot be locked: " + errno_text(errno));
    if (std::chrono::steady_clock::now() > give_up)
      return fail(Code::busy, name + ": another process has held it for " + format_duration(kLongestRepair));
    std::this_thread::sleep_for(1ms);
  }
  return fd;
}

/// Created first, because SQLite gives the -wal and -shm files the permissions of the file itself. A device or pipe
/// would be taken for a damaged file, and renamed.
Status create_private(const Path& path) {
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600));
  struct stat facts {};
  if (fd && ::fstat(fd.get(), &facts) == 0 && !S_ISREG(facts.st_mode))
    return fail(Code::invalid_argument, path.string() + ": not a regular file", "set state.path to a file of its own");
  if (!fd && errno != EACCES && errno != EROFS)
    return fail(Code::unavailable, path.string() + ": cannot be opened: " + errno_text(errno));
  return {};
}

Result<std::string> rename_damaged(const Path& path) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string renamed =
      path.string() + ".damaged-" + std::to_string(std::chrono::duration_cast<milliseconds>(now).count());
  if (::rename(path.c_str(), renamed.c_str()) != 0)
    return fail(Code::data_loss, path.string() + ": damaged, and cannot be renamed: " + errno_text(errno));
  for (const char* companion : kCompanions)
    ::rename((path.string() + companion).c_str(), (renamed + companion).c_str());
  return renamed;
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

Database::~Database() { disconnect(); }

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
  thread_local std::minstd_rand random{std::random_device{}()};
  std::this_thread::sleep_for(std::chrono::microseconds(100 + random() % 900));
  return 1;
}

Status Database::connect() {
  disconnect();
  TRY_STATUS(create_private(options_.path));
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(options_.path.c_str(), &handle_, flags, nullptr) != SQLITE_OK) {
    const Error refused{code_of(sqlite3_extended_errcode(handle_)),
                        options_.path.string() + ": cannot be opened: " + words_of_error(handle_),
                        {}};
    disconnect();
    return tl::unexpected(refused);
  }
  sqlite3_busy_handler(handle_, wait_for_others, this);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  for (const int foreign : {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_ENABLE_FKEY,
                            SQLITE_DBCONFIG_TRUSTED_SCHEMA})
    sqlite3_db_config(handle_, foreign, 0, nullptr);
  TRY_STATUS(execute("PRAGMA ignore_check_constraints=ON"));
  TRY_STATUS(execute("PRAGMA secure_delete=ON"));  // a prompt must not stay in free pages
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
  TRY(const int version, user_version());
  TRY(const int additions, additions_made());
  if (version != newest_version() || additions < newest_addition()) return false;
  TRY(sqlite3_stmt * raw, prepare("SELECT count(*) FROM sqlite_schema WHERE type IN ('table', 'index')"));
  Statement statement(raw);
  TRY(const bool row, statement.step());
  return row && statement.integer(0) >= options_.parts;
}

Status Database::adopt_schema(Check check) {
  TRY(const int found, user_version());
  if (found < 0 || found > newest_version())
    return fail(Code::invalid_argument,
                options_.path.string() + ": written by a newer delegate (schema " + std::to_string(found) +
                    ", this one knows " + std::to_string(newest_version()) + ")",
                "upgrade delegate, or set state.path to a file of its own");
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
  if (has_stale_index()) ::unlink((options_.path.string() + kCompanions[1]).c_str());
  for (int tries = 0;; ++tries) {
    Status sound = connect();
    if (sound) sound = adopt_schema(check);
    if (sound && check == Check::every_page) sound = check_every_page();
    if (sound) {
      companions_ = companions();
      return {};
    }
    if (sound.error().code != Code::data_loss || tries > 0) return sound;
    disconnect();
    TRY(const std::string renamed, rename_damaged(options_.path));
    notice_ = "damaged state file renamed to " + renamed + " (" + sound.error().what + "); starting with a new one";
  }
}

std::array<std::uint64_t, 2> Database::companions() const {
  std::array<std::uint64_t, 2> found{};
  for (std::size_t i = 0; i < found.size(); ++i) {
    struct stat facts {};
    if (::stat((options_.path.string() + kCompanions[i]).c_str(), &facts) == 0) found[i] = facts.st_ino;
  }
  return found;
}

/// SQLite opens them by name once, and goes on with them when they are removed: in a store of their own. They
/// exist together, or not at all where there is no write-ahead log.
bool Database::has_lost_companions() const {
  const auto now = companions();
  return now != companions_ || (now[0] == 0) != (now[1] == 0);
}

/// An index without its log: that was removed while a process had both open, which keeps the index alive. No process
/// could read the database with it; that one finds out with its next step.
bool Database::has_stale_index() const {
  const auto now = companions();
  return now[0] == 0 && now[1] != 0;
}

Status Database::follow_file() {
  int moved = 0;
  if (handle_ != nullptr) sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (handle_ != nullptr && moved == 0 && !has_lost_companions()) return {};
  return connect_to_sound_file(Check::header);  // also after a damaged file could not be renamed
}

Result<std::unique_ptr<Database>> Database::open(Options options) {
  std::unique_ptr<Database> database(new Database(std::move(options)));
  {  // the usual case: the file exists and has our schema
    const auto lock = lock_file(database->options_.path, FileLock::shared);
    // Where no lock file can be created, the files cannot be exchanged either.
    if (!lock && lock.error().code != Code::permission_denied) return tl::unexpected(lock.error());
    if (!database->has_stale_index() && database->connect())
      if (const auto current = database->has_current_schema(); current && *current) {
        database->companions_ = database->companions();
        return database;
      }
  }
  TRY_STATUS(database->connect_to_sound_file(Check::header));
  return database;
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
  if (const auto rolled_back = database_->execute("ROLLBACK"); !rolled_back) return;
}

Status Transaction::commit() {
  TRY(sqlite3_stmt * raw, database_->prepare("COMMIT"));
  TRY_STATUS(Statement(raw).run());
  database_ = nullptr;
  return {};
}

}  // namespace delegate::sqlite
