#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>

#include "core/state/sqlite.hpp"
#include "core/state/sqlite_files.hpp"
#include "tests/conformance/children.hpp"
#include "tests/conformance/damage.hpp"
#include "tests/conformance/queue.hpp"
#include "tests/helpers/log_frames.hpp"

// The write-ahead log: how long it gets, and who copies it. And the look at the names of the files.

using namespace delegate;

namespace {

constexpr int kLongLog = 128;  // frames
constexpr int kMostOfOneRun = 32;

int frames_in(const TempDirectory& directory) { return test::frames_in_log(directory / "state.db-wal"); }

void run_once(StateStore& store, int number) {
  Ledger& ledger = store.ledger();
  const std::string id = "run-" + std::to_string(number);
  REQUIRE(ledger.begin_run({.id = id}));
  REQUIRE(ledger.add_attempt({.run_id = id, .number = 1, .backend = "codex", .outcome = "answered"}));
  REQUIRE(ledger.finish_run({.id = id, .outcome = "answered"}, 5000));
}

bool add_trip(StateStore& store) {
  return store.update("codex", [](BackendState& state, const HostTime&) { ++state.breaker.trips; }).has_value();
}

bool lock_byte(int fd, short kind, off_t byte) {
  struct flock lock {};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return ::fcntl(fd, F_SETLKW, &lock) == 0;
}

/// Locks what a process that copies the log has locked. The bytes: https://www.sqlite.org/walformat.html, section 2.3.
bool begin_copy(const Path& directory) {
  constexpr off_t kCheckpoint = 121;
  constexpr off_t kIsOpen = 128;
  const int fd = ::open((directory / "state.db-shm").c_str(), O_RDWR | O_CLOEXEC);
  return lock_byte(fd, F_RDLCK, kIsOpen) && lock_byte(fd, F_WRLCK, kCheckpoint);
}

/// A process that has begun to copy the log, and never ends by itself.
class EndlessCopy {
 public:
  explicit EndlessCopy(const Path& directory) {
    process_.add([this, directory] {
      if (!begin_copy(directory)) return 1;
      begun_.blow();
      for (;;) ::pause();
    });
    process_.open_gate();
    begun_.wait();
  }
  void kill() { process_.kill_all(); }

 private:
  Whistle begun_;
  Children process_;
};

/// Until the log has become longer, and for a moment more.
void copy_until_next_commit(Children& children, const TempDirectory& directory, const Whistle& goes,
                            const Whistle& begun) {
  children.add([&] {
    goes.wait();
    if (!begin_copy(directory.path())) return 1;
    const int before = frames_in(directory);
    begun.blow();
    while (frames_in(directory) <= before) ::usleep(1000);
    ::usleep(5000);  // so that a process which does not wait for the copy is seen
    return 0;
  });
}

constexpr const char* kPrompt = "a prompt that is a secret";

void queue_job(StateStore& store) {
  Jobs& jobs = *store.jobs();
  const auto is_dead = [](const ProcessId&) { return false; };
  REQUIRE(jobs.lead(test::kLeader, 10s, is_dead).value());
  REQUIRE(jobs.add({.id = "a", .line = test::kCodex}, {std::string(50'000, 'x') + kPrompt, "start"},
                   {.parallel = 1, .queued = 1}));
  REQUIRE(jobs.give_turn(jobs.find("a").value(), test::kLeader, 1).value() == Jobs::Turn::given);
  REQUIRE(jobs.take("a", 1, test::kAnn).value());
}

void start_job(StateStore& store) { REQUIRE(store.jobs()->start("a", test::kAnn).value() == Jobs::Start::started); }

bool has_prompt(const TempDirectory& directory) {
  for (const char* name : {"state.db", "state.db-wal"})
    if (read_file(directory / name, 64u << 20).value().find(kPrompt) != std::string::npos) return true;
  return false;
}

void create_state(const TempDirectory& directory, const Clock& clock) {
  REQUIRE(in_child([&] { return add_trip(*open_in(directory.path(), clock)) ? "made" : "failed"; }) == "made");
}

/// A raw connection to a new file with a log.
class OpenFile {
 public:
  explicit OpenFile(const Path& path) {
    REQUIRE(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK);
    REQUIRE(sqlite3_exec(handle_, "PRAGMA journal_mode=WAL; CREATE TABLE t (n)", nullptr, nullptr, nullptr) ==
            SQLITE_OK);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { sqlite3_close(handle_); }
  sqlite3* handle() const { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

/// Its entries were changed last long ago.
void make_old(const Path& directory) {
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, directory.c_str(), times, 0) == 0);
}

timespec changed_at(const Path& directory) {
  struct stat facts {};
  REQUIRE(::stat(directory.c_str(), &facts) == 0);
  return facts.st_ctim;
}

/// An hour later: then also the time at which make_old was called is long ago.
std::chrono::nanoseconds in_an_hour() { return sqlite::FileNames::system_time() + std::chrono::hours(1); }

}  // namespace

TEST_CASE("the log of the state stays short over a thousand runs") {
  TempDirectory directory;
  TestClock clock;
  const Path path = directory / "state.db";
  const auto store = open_sqlite_store(path, clock, 60s, [&] { CHECK(shorten_log(path, 60s)); }).value();
  int longest = 0;
  for (int n = 0; n < 1000; ++n) {
    run_once(*store, n);
    if (n % 10 == 0) longest = std::max(longest, frames_in(directory));
  }
  CHECK(longest > kLongLog / 2);
  CHECK(longest < kLongLog + kMostOfOneRun);
  CHECK(store->ledger().runs({.most = 5000})->size() == 1000);
}

TEST_CASE("of processes that commit at once, one is asked to shorten the log each time it has become long") {
  TempDirectory directory;
  TestClock clock;
  REQUIRE(open_in(directory.path(), clock));
  const int before = frames_in(directory);
  Children children;
  for (int i = 0; i < 4; ++i)
    children.add([&] {
      int asked = 0;
      const auto store = open_sqlite_store(directory / "state.db", clock, 60s, [&] { ++asked; });
      for (int n = 0; n < 100; ++n)
        if (!store || !add_trip(**store)) return 100;
      return asked;
    });
  int asked = 0;
  for (const int by_one : children.finish()) asked += by_one;
  CHECK(asked == frames_in(directory) / kLongLog - before / kLongLog);
  CHECK(asked >= 2);
}

TEST_CASE("a process is asked to shorten the log when its run has ended, not in the middle of it") {
  TempDirectory directory;
  TestClock clock;
  int asked = 0;
  const auto store = open_sqlite_store(directory / "state.db", clock, 60s, [&] { ++asked; }).value();
  REQUIRE(store->ledger().begin_run({.id = "run"}));
  while (frames_in(directory) < kLongLog) REQUIRE(add_trip(*store));
  CHECK(asked == 0);
  REQUIRE(store->ledger().finish_run({.id = "run", .outcome = "answered"}, 5000));
  CHECK(asked == 1);
}

TEST_CASE("a process whose run has no end is asked to shorten the log when it closes it") {
  TempDirectory directory;
  TestClock clock;
  int asked = 0;
  auto store = open_sqlite_store(directory / "state.db", clock, 60s, [&] { ++asked; }).value();
  REQUIRE(store->ledger().begin_run({.id = "run"}));
  while (frames_in(directory) < kLongLog) REQUIRE(add_trip(*store));
  store.reset();
  CHECK(asked == 1);
}

TEST_CASE("nothing of a forgotten run is left in the file or its log") {
  TempDirectory directory;
  TestClock clock;
  const auto store = open_in(directory.path(), clock);
  REQUIRE(store->ledger().begin_run({.id = "run", .summary = kPrompt, .prompt = kept(kPrompt)}));
  REQUIRE(has_prompt(directory));
  REQUIRE(store->ledger().finish_run({.id = "run", .outcome = "answered", .answer = kept(kPrompt)}, 5000));
  CHECK(store->ledger().forget("run") == 1);
  CHECK_FALSE(has_prompt(directory));
}

TEST_CASE("no process waits for one that copies the log and never ends") {
  TempDirectory directory;
  TestClock clock;
  const Path path = directory / "state.db";
  create_state(directory, clock);
  const EndlessCopy copying(directory.path());
  Children others;
  others.add([&] {
    const auto store = open_sqlite_store(path, clock, 0ms);
    if (!store) return 1;
    for (int n = 0; n < 300; ++n)
      if (!add_trip(**store)) return 2;
    if (shorten_log(path)) return 3;  // the other process is still at it
    return add_trip(**store) ? 0 : 4;
  });
  CHECK(others.finish() == std::vector<int>{0});
}

TEST_CASE("when a run starts, its prompt leaves the state as soon as another process has copied the log") {
  TempDirectory directory;
  TestClock clock;
  create_state(directory, clock);
  Whistle goes;
  Whistle begun;
  Children copying;
  copy_until_next_commit(copying, directory, goes, begun);
  copying.open_gate();
  const auto store = open_sqlite_store(directory / "state.db", clock, 60s).value();
  queue_job(*store);
  REQUIRE(has_prompt(directory));
  goes.blow();
  begun.wait();
  start_job(*store);
  CHECK_FALSE(has_prompt(directory));
  CHECK(copying.finish() == std::vector<int>{0});
}

TEST_CASE("a prompt that a run had to leave in the log is removed when the log is shortened") {
  TempDirectory directory;
  TestClock clock;
  create_state(directory, clock);
  EndlessCopy copying(directory.path());
  const auto store = open_sqlite_store(directory / "state.db", clock, 0ms).value();
  queue_job(*store);
  start_job(*store);
  REQUIRE(has_prompt(directory));
  copying.kill();
  CHECK(shorten_log(directory / "state.db", 60s));
  CHECK_FALSE(has_prompt(directory));
}

TEST_CASE("on a slow disk the log is shortened no sooner than after a thousand pages") {
  TempDirectory directory;
  TestClock clock;
  const auto store = open_in(directory.path(), clock);
  const auto commit_until = [&](int frames) {
    while (frames_in(directory) < frames)
      for (int n = 0; n < 20; ++n) REQUIRE(add_trip(*store));
  };
  commit_until(900);
  CHECK(shorten_log(directory / "state.db", 0ms));
  CHECK(frames_in(directory) >= 900);
  commit_until(1000);
  CHECK(shorten_log(directory / "state.db", 0ms));
  CHECK(frames_in(directory) == 1);
}

TEST_CASE("a process that is killed while it copies the log loses nothing, and the next one completes the copy") {
  TempDirectory directory;
  TestClock clock;
  const Path path = directory / "state.db";
  std::mt19937 random(7);
  std::int64_t trips = 0;
  for (int round = 0; round < 20; ++round) {
    const std::string added = in_child([&] {
      const auto store = open_in(directory.path(), clock);
      for (int n = 0; n < 40; ++n)
        if (!store || !add_trip(*store)) return "failed";
      return "added";
    });
    REQUIRE(added == "added");
    trips += 40;
    Children copying;
    Whistle started;
    copying.add([&]() -> int {
      started.blow();
      for (;;) static_cast<void>(shorten_log(path, 60s));
    });
    copying.open_gate();
    started.wait();
    ::usleep(std::uniform_int_distribution<useconds_t>(0, 10'000)(random));
    copying.kill_all();
    const std::string found = in_child([&] {
      const auto store = open_in(directory.path(), clock);
      return store && store->notice().empty() ? std::to_string(state_of(*store, "codex").breaker.trips) : "damaged";
    });
    CHECK(found == std::to_string(trips));
  }
  CHECK(shorten_log(path, 60s));
  CHECK(frames_in(directory) == 1);
  CHECK(query_file(path, "PRAGMA integrity_check") == "ok");
}

TEST_CASE("shortening the log creates no file and leaves a damaged one alone") {
  TempDirectory directory;
  CHECK(shorten_log(directory / "none" / "state.db"));
  CHECK_FALSE(std::filesystem::exists(directory / "none"));
  write_whole(directory / "state.db", "no database");
  CHECK(shorten_log(directory / "state.db"));
  CHECK(read_file(directory / "state.db", 100).value() == "no database");
}

TEST_CASE("a file that is renamed, deleted or exchanged in an old directory is noticed") {
  TempDirectory directory;
  const Path path = directory / "file.db";
  OpenFile file(path);
  sqlite::FileNames names(path, in_an_hour);
  make_old(directory.path());
  names.look();
  REQUIRE(names.are_unchanged(file.handle()));
  const auto log = path.string() + "-wal";
  const auto index = path.string() + "-shm";

  SECTION("the file") { std::filesystem::rename(path, directory / "other"); }
  SECTION("its log") { std::filesystem::remove(log); }
  SECTION("its index") { std::filesystem::remove(index); }
  SECTION("all of them") {
    for (const std::string& one : {path.string(), log, index}) std::filesystem::remove(one);
  }
  SECTION("the file, by another one") {
    write_whole(directory / "other", "other");
    std::filesystem::rename(directory / "other", path);
  }
  SECTION("the directory, by another one with the same names") {
    const Path away = directory.path().string() + ".away";
    std::filesystem::rename(directory.path(), away);
    std::filesystem::create_directory(directory.path());
    for (const std::string& one : {path.string(), log, index}) write_whole(one, "");
    make_old(directory.path());
    std::filesystem::remove_all(away);
  }
  CHECK_FALSE(names.are_unchanged(file.handle()));
}

TEST_CASE("a log that is deleted within one tick of the clock of the file system is noticed") {
  bool was_one_tick = false;
  for (int tries = 0; tries < 100 && !was_one_tick; ++tries) {  // some file systems have no such ticks
    TempDirectory directory;
    const Path path = directory / "file.db";
    OpenFile file(path);
    sqlite::FileNames names(path);
    write_whole(directory / "other", "");
    names.look();
    REQUIRE(names.are_unchanged(file.handle()));
    const timespec before = changed_at(directory.path());
    std::filesystem::remove(path.string() + "-wal");
    const timespec after = changed_at(directory.path());
    was_one_tick = before.tv_sec == after.tv_sec && before.tv_nsec == after.tv_nsec;
    CHECK_FALSE(names.are_unchanged(file.handle()));
  }
}

TEST_CASE("a file that is renamed in another directory than its link is noticed") {
  TempDirectory directory;
  std::filesystem::create_directory(directory / "real");
  const Path path = directory / "real" / "file.db";
  OpenFile file(path);
  std::filesystem::create_symlink(path, directory / "link.db");
  make_old(directory.path());
  sqlite::FileNames names(directory / "link.db", in_an_hour);
  names.look();
  REQUIRE(names.are_unchanged(file.handle()));
  std::filesystem::rename(path, directory / "real" / "other");
  CHECK_FALSE(names.are_unchanged(file.handle()));
}
