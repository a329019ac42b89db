#pragma once
#include "core/state/sqlite_database.hpp"
#include "core/state/writers.hpp"

// The table of the runs that write. It has few rows, so it is read and written as a whole and the rules stay in one
// place. Both functions run inside a transaction of the caller.
namespace delegate::sqlite {

/// In the order in which they were taken.
Result<WriterRows> load_writers(Database& database);
/// Writes the differences.
Status save_writers(Database& database, const WriterRows& before, const WriterRows& after);

}  // namespace delegate::sqlite
