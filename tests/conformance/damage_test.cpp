#include "tests/conformance/damage.hpp"

#include <catch2/catch.hpp>

#include "core/state/sqlite.hpp"
#include "tests/conformance/children.hpp"
#include "tests/conformance/stores.hpp"

// A damaged file is renamed, reported, and replaced by a new one. No call fails because of it.

using namespace delegate;

namespace {

constexpr std::size_t kPage = 4096;

struct Site {
  TempDirectory directory;
  TestClock clock;
  Path file = directory / "state.db";

  std::unique_ptr<StateStore> open() { return open_in(directory.path(), clock); }

  /// A file of many pages with something in every table.
  void fill() {
    const auto store = open();
    BackendState state = elaborate_state(BreakerState::open);
    state.breaker.last_failure->message = std::string(1500, 'm');
    for (int i = 0; i < 40; ++i) REQUIRE(put(*store, "b" + std::to_string(i), state));
    for (int i = 0; i < 40; ++i) {
      const RunRow run{.id = "r" + std::to_string(i), .prompt = kept(std::string(1500, 'p'))};
      REQUIRE(store->ledger().begin_run(run));
      REQUIRE(store->ledger().add_attempt({.run_id = run.id, .number = 1, .message = std::string(1500, 'a')}));
    }
  }
  void fill_and_settle() {
    fill();
    settle_file(file);
  }
};

bool works(StateStore& store) {
  return put(store, "b1", BackendState{}) && put(store, "b1", elaborate_state(BreakerState::open)) &&
         state_of(store, "b1") == elaborate_state(BreakerState::open);
}

}  // namespace

TEST_CASE("a file that is no database is renamed when it is opened, and a new one created") {
  Site site;
  SECTION("text") { write_whole(site.file, std::string(5000, 'x')); }
  SECTION("a header of garbage") {
    site.fill_and_settle();
    write_garbage(site.file, 0, 100);
  }
  SECTION("one page of garbage") {
    site.fill_and_settle();
    write_garbage(site.file, 0, kPage);
  }
  const std::string damaged = read_file(site.file).value();
  const auto store = site.open();
  REQUIRE(store);
  REQUIRE(set_aside_files(site.directory.path()).size() == 1);
  const Path aside = set_aside_files(site.directory.path())[0];
  CHECK(read_file(aside).value() == damaged);
  CHECK(store->notice().find(aside.string()) != std::string::npos);
  CHECK(works(*store));
  CHECK(site.open()->notice().empty());
}

TEST_CASE("garbage in a page is detected when it is read, and no call fails because of it") {
  Site site;
  site.fill_and_settle();
  const auto pages = std::filesystem::file_size(site.file) / kPage;
  REQUIRE(pages > 20);
  const std::string sound = read_file(site.file).value();
  int set_aside = 0;
  for (std::size_t page = 1; page < pages; ++page) {
    CAPTURE(page);
    for (const auto& entry : std::filesystem::directory_iterator(site.directory.path()))
      std::filesystem::remove(entry.path());
    write_whole(site.file, sound);
    write_garbage(site.file, page * kPage, kPage);
    const auto store = site.open();
    REQUIRE(store);
    CHECK(store->read());
    CHECK(works(*store));
    CHECK(store->ledger().begin_run({.id = "new"}));
    CHECK(store->ledger().runs({.most = 100}));
    CHECK(store->ledger().last_attempts());
    const auto aside = set_aside_files(site.directory.path());
    CHECK(aside.size() <= 1);
    CHECK(aside.empty() == store->notice().empty());
    set_aside += !aside.empty();
  }
  CHECK(set_aside > 10);
}

TEST_CASE("a truncated file is renamed, wherever it was cut") {
  Site site;
  site.fill_and_settle();
  const auto size = std::filesystem::file_size(site.file);
  const auto rest = GENERATE_COPY(size / 2, size / 2 / kPage * kPage, kPage, kPage - 1, std::size_t{100});
  CAPTURE(rest);
  std::filesystem::resize_file(site.file, rest);
  const auto store = site.open();
  REQUIRE(store);
  CHECK(store->read());
  CHECK(works(*store));
  CHECK(set_aside_files(site.directory.path()).size() == 1);
  CHECK_FALSE(store->notice().empty());
}

TEST_CASE("an empty file is not damaged: it is initialized") {
  Site site;
  write_whole(site.file, GENERATE("", "S"));
  const auto store = site.open();
  REQUIRE(store);
  CHECK(works(*store));
  CHECK(store->notice().empty());
}

TEST_CASE("eight processes that find a damaged file rename it once and go on with one new file") {
  for (int round = 0; round < 10; ++round) {
    Site site;
    site.fill_and_settle();
    write_garbage(site.file, 0, 100);
    Children children;
    for (int i = 0; i < 8; ++i)
      children.add([&] {
        const auto store = site.open();
        if (!store) return 1;
        return store->update("codex", [](BackendState& s, const HostTime&) { ++s.breaker.trips; }) ? 0 : 2;
      });
    CHECK(children.finish() == std::vector<int>(8, 0));
    CHECK(set_aside_files(site.directory.path()).size() == 1);
    CHECK(state_of(*site.open(), "codex").breaker.trips == 8);
  }
}

TEST_CASE("eight processes that find a damaged page in the middle rename the file once") {
  for (int round = 0; round < 5; ++round) {
    Site site;
    site.fill_and_settle();
    const auto size = std::filesystem::file_size(site.file);
    write_garbage(site.file, kPage, size - kPage);
    Children children;
    for (int i = 0; i < 8; ++i)
      children.add([&] {
        const auto store = site.open();
        if (!store) return 1;
        for (int n = 0; n < 10; ++n)
          if (!store->update("codex", [](BackendState& s, const HostTime&) { ++s.breaker.trips; })) return 2;
        return 0;
      });
    CHECK(children.finish() == std::vector<int>(8, 0));
    CHECK(set_aside_files(site.directory.path()).size() == 1);
    CHECK(state_of(*site.open(), "codex").breaker.trips == 80);
  }
}

TEST_CASE("a connection follows the file: renamed, deleted or replaced, all processes use the same one") {
  Site site;
  const auto old = site.open();
  REQUIRE(put(*old, "codex", elaborate_state(BreakerState::open)));
  SECTION("deleted with its companions") {
    for (const auto& entry : std::filesystem::directory_iterator(site.directory.path()))
      std::filesystem::remove(entry.path());
  }
  SECTION("renamed") {
    for (const char* companion : {"", "-wal", "-shm"})
      std::filesystem::rename(site.file.string() + companion, site.file.string() + ".away" + companion);
  }
  const auto fresh = site.open();
  CHECK(state_of(*fresh, "codex") == BackendState{});
  REQUIRE(put(*fresh, "codex", elaborate_state(BreakerState::disabled)));
  CHECK(state_of(*old, "codex") == elaborate_state(BreakerState::disabled));
  REQUIRE(put(*old, "codex", elaborate_state(BreakerState::closed)));
  CHECK(state_of(*fresh, "codex") == elaborate_state(BreakerState::closed));
}

TEST_CASE("an unreadable or missing row is a closed breaker that counts from one") {
  Site site;
  {
    const auto store = site.open();
    REQUIRE(put(*store, "codex", elaborate_state(BreakerState::open)));
  }
  SECTION("gone") { tamper(site.file, "DELETE FROM backend_state"); }
  SECTION("not JSON") { tamper(site.file, "UPDATE backend_state SET state = 'opne'"); }
  SECTION("an unknown state") {
    tamper(site.file, "UPDATE backend_state SET state = replace(state, '\"open\"', '\"OPEN\"')");
  }
  const auto store = site.open();
  CHECK(store->notice().empty());
  CHECK(state_of(*store, "codex") == BackendState{});
  REQUIRE(store->update("codex", [](BackendState& state, const HostTime& now) {
    const auto ticket = try_acquire(state.breaker, now, {{}, "t", 1min}, [](const ProcessId&) { return false; }).ticket;
    settle(state.breaker, {}, now, ticket, {.verdict = Verdict::failure});
  }));
  CHECK(state_of(*store, "codex").breaker.streak.size() == 1);
}

TEST_CASE("a file of a newer schema is refused politely and left untouched") {
  Site site;
  site.fill();
  tamper(site.file, "PRAGMA user_version=99");
  settle_file(site.file);
  const std::string before = read_file(site.file).value();
  const auto store = open_sqlite_store(site.file, site.clock);
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Code::invalid_argument);
  CHECK(store.error().what.find("newer") != std::string::npos);
  CHECK_FALSE(store.error().hint.empty());
  CHECK(read_file(site.file).value() == before);
  CHECK(set_aside_files(site.directory.path()).empty());
}
