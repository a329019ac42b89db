#pragma once
#include <chrono>
#include <functional>
#include <memory>

#include "core/os/clock.hpp"
#include "core/os/file.hpp"
#include "core/state/store.hpp"

namespace delegate {

/// The store of the host: one SQLite file (WAL), mode 0600 in a 0700 directory, shared by all processes of the user. A
/// damaged file is renamed and a new one created (`notice()` reports it); a file with a newer schema is left alone and
/// is an error. `busy_wait` bounds every wait for other processes. The clock must outlive the store.
/// `when_log_is_long` should have another process call shorten_log: it is called by the one process of all that has
/// made the log long, between two steps, but not within a run.
Result<std::unique_ptr<StateStore>> open_sqlite_store(const Path& path, const Clock& clock,
                                                      milliseconds busy_wait = milliseconds(100),
                                                      std::function<void()> when_log_is_long = {});

/// False: to open this store again would fail, because a newer version has upgraded its file meanwhile, or its
/// directory is not private any more.
bool can_be_opened_again(StateStore& store);

/// Copies the write-ahead log of the store into its file, as far as no other process is using it just now, and begins
/// it again. Waits for the disk. Others wait for it no longer than for `quick_sync`; where the disk takes longer, they
/// wait for one sync, once in 1,000 pages. Leaves a file alone that is missing or not sound.
Status shorten_log(const Path& path,
                   milliseconds quick_sync = milliseconds(50));  // half of what others wait for a lock

}  // namespace delegate
