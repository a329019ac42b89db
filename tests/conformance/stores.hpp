#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/os/file.hpp"
#include "core/state/store.hpp"
#include "tests/helpers/hand_clock.hpp"

// What the conformance suites run over. A new store is one more line in `store_kinds`.
namespace delegate {

using namespace std::chrono_literals;

using TestClock = test::HandClock;

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

/// The same, with the fields that came after version 1.
BackendState latest_state(BreakerState state);

/// The state of `backend`, or a default one.
BackendState state_of(StateStore& store, const std::string& backend);
/// Replaces it. False when the store failed.
bool put(StateStore& store, const std::string& backend, const BackendState& state);

}  // namespace delegate
