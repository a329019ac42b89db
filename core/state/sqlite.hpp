#pragma once
#include <chrono>
#include <memory>

#include "core/os/clock.hpp"
#include "core/os/file.hpp"
#include "core/state/store.hpp"

namespace delegate {

/// The host's store: one SQLite file (WAL), 0600 in a 0700 directory, shared by every shell and server of the person.
/// A damaged file is set aside under another name and a fresh one begun (`notice()` says so); a file of a newer
/// schema is refused untouched. `busy_wait` bounds every wait for other processes. The clock must outlive the store.
Result<std::unique_ptr<StateStore>> open_sqlite_store(const Path& path, const Clock& clock,
                                                      milliseconds busy_wait = milliseconds(100));

}  // namespace delegate
