#pragma once
#include <chrono>
#include <memory>

#include "core/os/clock.hpp"
#include "core/os/file.hpp"
#include "core/state/store.hpp"

namespace delegate {

/// The store of the host: one SQLite file (WAL), mode 0600 in a 0700 directory, shared by all processes of the user. A
/// damaged file is renamed and a new one created (`notice()` reports it); a file with a newer schema is left alone and
/// is an error. `busy_wait` bounds every wait for other processes. The clock must outlive the store.
Result<std::unique_ptr<StateStore>> open_sqlite_store(const Path& path, const Clock& clock,
                                                      milliseconds busy_wait = milliseconds(100));

}  // namespace delegate
