#pragma once
#include <catch2/catch.hpp>

#include "core/os/process.hpp"
#include "core/run/writers.hpp"
#include "tests/conformance/stores.hpp"

// Runs that write, over one store of each kind.
namespace delegate {

inline constexpr milliseconds kLease = 600s;

inline bool has_lease(const WriterAdmission& admission) {
  const auto* lease = std::get_if<WriterLease>(&admission);
  return lease != nullptr && lease->unguarded_because().find("cannot be used") == std::string::npos;
}

inline std::string refusal_of(const WriterAdmission& admission) {
  const auto* refusal = std::get_if<WriterRefusal>(&admission);
  return refusal == nullptr ? "(admitted)" : refusal->message;
}

struct WritersDesk {
  StoreKind kind = GENERATE(from_range(store_kinds()));
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = kind.open(clock, directory.path());
  Breakers breakers{store.get(), {}, this_process("boot-1")};
  Writers writers{store.get(), breakers};

  WritersDesk() {
    for (const char* name : {"a/b/c", "a/bc", "d"}) std::filesystem::create_directories(directory / name);
  }
  std::string path(const char* name) const { return (directory / name).string(); }
  WriterAdmission acquire(const std::string& where, const std::string& tag = "run2") {
    return writers.acquire({.directory = where, .run_id = tag.substr(tag.rfind('/') + 1), .tag = tag, .lease = kLease});
  }
  bool may_write(const std::string& where) { return has_lease(acquire(where)); }
  /// Its place in the line is its tag.
  WriterRequest waiter(const std::string& where, const std::string& tag) const {
    return {.directory = where, .run_id = tag.substr(tag.rfind('/') + 1), .tag = tag, .lease = kLease, .place = tag};
  }
  bool has_turn(const WriterRequest& waiter) { return !writers.line_up(waiter); }
  std::size_t length_of_line() { return store->writers()->waiting.size(); }
  /// What is stored, past all rules.
  void put_writer(const std::string& where, const ProcessId& owner, const std::string& tag, milliseconds length) {
    REQUIRE(store->change_writers([&](WritersState& state, const HostTime& now) {
      state.writing.push_back(
          {where, tag, {.token = "token of " + tag, .owner = owner, .span = {now, length}, .tag = tag}});
    }));
  }
  ProcessId dead_process() const {
    ProcessId dead = breakers.self();
    dead.start_time -= 2;
    return dead;
  }
};

}  // namespace delegate
