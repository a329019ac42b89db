#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/os/clock.hpp"
#include "core/os/file.hpp"
#include "core/state/store.hpp"

// What the conformance suites run over. A new store is one more line in `store_kinds`.
namespace delegate {

using namespace std::chrono_literals;

/// A host's clocks, moved by hand.
class TestClock final : public Clock {
 public:
  HostTime now() const override { return now_; }
  void pass(milliseconds time) {
    now_.boot += time;
    now_.wall += time;
  }
  void set_wall_clock(milliseconds ahead) { now_.wall += ahead; }
  void reboot() {
    now_.boot_id += "'";
    now_.boot = 0ms;
  }

 private:
  HostTime now_{.boot_id = "boot-1", .boot = 1h, .wall = 500'000h};
};

/// Gone with everything in it.
class TempDirectory {
 public:
  TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory();
  const Path& path() const { return path_; }
  Path operator/(const char* name) const { return path_ / name; }

 private:
  Path path_;
};

enum class Reach { one_process, whole_host };

struct StoreKind {
  std::string name;
  Reach reach;
  /// Null when it cannot be opened.
  std::unique_ptr<StateStore> (*open)(const Clock& clock, const Path& directory);
};
const std::vector<StoreKind>& store_kinds();

/// The host's store in `directory`/state.db, patient enough that a slow machine never makes it "busy"; null on failure.
std::unique_ptr<StateStore> open_in(const Path& directory, const Clock& clock);

/// A state in which every field says something.
BackendState elaborate_state(BreakerState state);

/// The state of `backend`, or a default one.
BackendState state_of(StateStore& store, const std::string& backend);
/// Replaces it. False when the store failed.
bool put(StateStore& store, const std::string& backend, const BackendState& state);

}  // namespace delegate
