#pragma once
#include "core/state/sqlite_database.hpp"
#include "core/state/writers.hpp"

// The tables of the runs that write and of those that wait for that. They have few rows, so they are read and written
// as a whole and the rules stay in one place. Both functions run inside a transaction of the caller.
namespace delegate::sqlite {

Result<WritersState> load_writers(Database& database);
/// Writes the differences.
Status save_writers(Database& database, const WritersState& before, const WritersState& after);

}  // namespace delegate::sqlite
