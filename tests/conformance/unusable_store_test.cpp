#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "core/os/process.hpp"
#include "core/run/breakers.hpp"
#include "core/run/writers.hpp"
#include "core/state/sqlite.hpp"
#include "tests/conformance/children.hpp"
#include "tests/conformance/damage.hpp"
#include "tests/conformance/stores.hpp"
#include "tests/helpers/skip.hpp"

// A store that cannot be used: said once, nothing lost, and no call refused for it.

using namespace delegate;

namespace {

constexpr uid_t kNobody = 65534;
constexpr const char* kNotAllowed = "another user id is not allowed here";

/// One word per failed expectation, to be passed across a fork.
class Complaints {
 public:
  bool expect(bool holds, const std::string& what) {
    if (!holds) text_ += what + "\n";
    return holds;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

AdmissionRequest codex() { return {.backend = "codex", .max_parallel = 4, .lease = 60s}; }

/// Breakers over this store, or over none, must admit unguarded, drop the result and say why, always in the same words.
void expect_unguarded(Complaints& complaints, StateStore* store, const std::string& why) {
  Breakers breakers(store, why.empty() ? std::nullopt : std::optional(Error{Code::unavailable, why, {}}),
                    this_process("boot-1"));
  std::string first;
  for (int i = 0; i < 3; ++i) {
    auto admission = breakers.admit(codex());
    auto* permit = std::get_if<Permit>(&admission);
    if (!complaints.expect(permit != nullptr, "refused")) return;
    complaints.expect(permit->kind() == PermitKind::unguarded, "not unguarded");
    complaints.expect(!permit->settle({.verdict = Verdict::failure}).counted, "counted without a store");
    if (i == 0) first = breakers.trouble();
  }
  const WriterRequest writing{.directory = "/tmp", .run_id = "run1", .tag = "run1", .lease = 60s, .needs_store = false};
  WriterRequest waiting = writing;
  waiting.needs_store = true;
  const auto admission = Writers(store, breakers).acquire(writing);
  const auto* lease = std::get_if<WriterLease>(&admission);
  if (complaints.expect(lease != nullptr, "a writer was refused"))
    complaints.expect(lease->unguarded_because().find(" may write in /tmp at the same time") != std::string::npos,
                      "no warning to a writer: " + lease->unguarded_because());
  const auto refused = Writers(store, breakers).acquire(waiting);
  const auto* refusal = std::get_if<WriterRefusal>(&refused);
  complaints.expect(
      refusal != nullptr && refusal->reason == WriterRefusal::Reason::state_unusable && !refusal->message.empty(),
      "a writer that needs the store was not refused");
  complaints.expect(!first.empty(), "no trouble reported");
  complaints.expect(breakers.trouble() == first, "trouble reported twice: " + breakers.trouble());
}

/// Root may write everywhere, so the process becomes the user "nobody". False if that is not allowed.
bool lose_privileges() {
  if (::geteuid() != 0) return true;
  return ::setresgid(kNobody, kNobody, kNobody) == 0 && ::setresuid(kNobody, kNobody, kNobody) == 0;
}

void give_to_nobody(const Path& path) {
  if (::geteuid() == 0 && ::chown(path.c_str(), kNobody, kNobody) != 0) FAIL("cannot give away " << path);
}

struct Place {
  TempDirectory directory;
  TestClock clock;
  Path file = directory / "state.db";

  void fill() {
    REQUIRE(put(*open_in(directory.path(), clock), "codex", elaborate_state(BreakerState::open)));
    settle_file(file);
  }
  std::string as_nobody(const std::function<void(Complaints&)>& body) {
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) give_to_nobody(entry.path());
    give_to_nobody(directory.path());
    return in_child([&]() -> std::string {
      if (!lose_privileges()) return kNotAllowed;
      Complaints complaints;
      body(complaints);
      return complaints.text();
    });
  }
  void expect_intact() {
    std::filesystem::permissions(directory.path(), std::filesystem::perms::owner_all);
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    CHECK(state_of(*open_in(directory.path(), clock), "codex") == elaborate_state(BreakerState::open));
    CHECK(set_aside_files(directory.path()).empty());
  }
};

bool was_skipped(const std::string& text) {
  if (text != kNotAllowed) return false;
  delegate_tests::skip_visibly(text);
  return true;
}

}  // namespace

TEST_CASE("in a directory that may not be written no store opens, and calls go on unguarded [R18]") {
  Place place;
  std::filesystem::permissions(place.directory.path(), std::filesystem::perms(0555));
  const std::string said = place.as_nobody([&](Complaints& complaints) {
    const auto store = open_sqlite_store(place.file, place.clock);
    if (!complaints.expect(!store, "opened")) return;
    complaints.expect(!store.error().what.empty(), "no reason");
    expect_unguarded(complaints, nullptr, store.error().what);
  });
  if (!was_skipped(said)) CHECK(said == "");
}

TEST_CASE("a read-only file fails with a reason, loses nothing, and calls go on unguarded [R18]") {
  Place place;
  place.fill();
  const bool whole_directory = GENERATE(false, true);
  std::filesystem::permissions(place.file, std::filesystem::perms(0444));
  if (whole_directory) std::filesystem::permissions(place.directory.path(), std::filesystem::perms(0555));
  const std::string said = place.as_nobody([&](Complaints& complaints) {
    auto store = open_sqlite_store(place.file, place.clock);
    if (!store) return expect_unguarded(complaints, nullptr, store.error().what);
    complaints.expect(!put(**store, "codex", BackendState{}), "written");
    expect_unguarded(complaints, store->get(), "");
  });
  if (!was_skipped(said)) CHECK(said == "");
  place.expect_intact();
}

TEST_CASE("a damaged file that cannot be renamed fails every time with a reason, and calls go on unguarded [R18]") {
  Place place;
  place.fill();
  write_garbage_into_tables(place.file);
  REQUIRE(open_in(place.directory.path(), place.clock));  // leaves the companions behind
  std::filesystem::permissions(place.directory.path(), std::filesystem::perms(0555));
  const std::string said = place.as_nobody([&](Complaints& complaints) {
    auto store = open_sqlite_store(place.file, place.clock);
    if (!complaints.expect(store.has_value(), "not opened")) return;
    for (int i = 0; i < 3; ++i) {
      const Status done = (*store)->update("codex", [](BackendState& state, const HostTime&) { state = {}; });
      complaints.expect(!done && !done.error().what.empty(), "no reason");
      complaints.expect(!(*store)->read(), "read");
      complaints.expect(!(*store)->ledger().runs({.most = 1}), "ledger read");
    }
    expect_unguarded(complaints, store->get(), "");
  });
  if (!was_skipped(said)) CHECK(said == "");
}

namespace {

/// Fills the place up until an update fails; what was stored before must still be there, and later all works again.
void expect_to_survive_a_full_disk(Complaints& complaints, const Path& directory,
                                   const std::function<void()>& make_room) {
  TestClock clock;
  auto store = open_in(directory, clock);
  if (!complaints.expect(store != nullptr, "not opened")) return;
  BackendState last;
  Status done;
  for (int n = 1; n < 10'000 && done; ++n) {
    BackendState next = elaborate_state(BreakerState::closed);
    next.breaker.trips = n;
    next.breaker.last_failure->message = std::string(3000, 'x');
    done = store->update("b" + std::to_string(n), [&](BackendState& state, const HostTime&) { state = next; });
    if (done) last = next;
  }
  if (!complaints.expect(!done, "never full")) return;
  for (int n = 0; n < 10'000; ++n)  // there may still be room for smaller ones
    if (!store->update("small", [&](BackendState& state, const HostTime&) { state.breaker.generation = n + 1; })) break;
  const std::string newest = "b" + std::to_string(last.breaker.trips);
  complaints.expect(state_of(*store, newest) == last, "lost what was stored");
  complaints.expect(store->notice().empty(), "took it for damage: " + store->notice());
  expect_unguarded(complaints, store.get(), "");
  make_room();
  complaints.expect(put(*store, "codex", last), "does not work again");
  store.reset();
  store = open_in(directory, clock);
  complaints.expect(state_of(*store, newest) == last && state_of(*store, "codex") == last, "lost it after all");
}

}  // namespace

TEST_CASE("a file that cannot grow fails an update with a reason and loses nothing [R18]") {
  Place place;
  const std::string said = in_child([&] {
    Complaints complaints;
    ::signal(SIGXFSZ, SIG_IGN);
    const auto allow_bytes = [](rlim_t bytes) {
      rlimit limit{};
      ::getrlimit(RLIMIT_FSIZE, &limit);
      limit.rlim_cur = std::min(bytes, limit.rlim_max);
      ::setrlimit(RLIMIT_FSIZE, &limit);
    };
    allow_bytes(200'000);
    expect_to_survive_a_full_disk(complaints, place.directory.path(), [&] { allow_bytes(RLIM_INFINITY); });
    return complaints.text();
  });
  CHECK(said == "");
}

TEST_CASE("a full disk fails an update with a reason and loses nothing [R18]") {
  Place place;
  const std::string said = in_child([&]() -> std::string {
    const char* disk = place.directory.path().c_str();
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", disk, "tmpfs", 0, "size=512k,mode=0700") != 0)
      return "skipped: no small disk can be mounted here\n";
    Complaints complaints;
    write_whole(place.directory / "ballast", std::string(100'000, 'b'));
    expect_to_survive_a_full_disk(complaints, place.directory.path(),
                                  [&] { std::filesystem::remove(place.directory / "ballast"); });
    return complaints.text();
  });
  if (!was_skipped(said)) CHECK(said == "");
}

TEST_CASE(
    "a store that is locked is neither an open breaker nor permission: the call is skipped, and says by which process "
    "[R18]") {
  Place place;
  place.fill();
  auto store = open_sqlite_store(place.file, place.clock, 5ms);
  REQUIRE(store);
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(place.file.c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const Status done = (*store)->update("codex", [](BackendState& state, const HostTime&) { state = {}; });
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::busy);
  CHECK(done.error().what.find("locked") != std::string::npos);
  CHECK(state_of(**store, "codex") == elaborate_state(BreakerState::open));  // reading does not wait
  Breakers breakers(store->get(), {}, this_process("boot-1"));
  const auto admission = breakers.admit(codex());
  const auto* skip = std::get_if<Skip>(&admission);
  REQUIRE(skip != nullptr);
  CHECK(skip->reason == SkipReason::state_locked);
  CHECK(skip->message == "the state is locked by process " + std::to_string(::getpid()));
  CHECK(breakers.trouble().empty());
  sqlite3_close(other);
  CHECK((*store)->update("codex", [](BackendState& state, const HostTime&) { state = {}; }));
}

TEST_CASE("a pipe or device in the place of the file is not used, and stays where it is") {
  Place place;
  REQUIRE(::mkfifo(place.file.c_str(), 0600) == 0);
  const auto store = open_sqlite_store(place.file, place.clock);
  REQUIRE_FALSE(store);
  CHECK(store.error().what == place.file.string() + ": not a regular file");
  struct stat facts {};
  CHECK((::lstat(place.file.c_str(), &facts) == 0 && S_ISFIFO(facts.st_mode)));
}

TEST_CASE("the file is its person's alone, and so is everything beside it") {
  Place place;
  const Path inner = place.directory / "a" / "b";
  const mode_t old = ::umask(0);
  const auto store = open_in(inner, place.clock);
  REQUIRE(put(*store, "codex", elaborate_state(BreakerState::open)));
  ::umask(old);
  const auto mode = [](const Path& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777u : 0u;
  };
  CHECK(mode(inner) == 0700);
  CHECK(mode(inner.parent_path()) == 0700);
  for (const char* name : {"state.db", "state.db-wal", "state.db-shm", "state.db.lock"}) {
    CAPTURE(name);
    CHECK(mode(inner / name) == 0600);
  }
}
