#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/state/sqlite_database.hpp"

// Does a file have the tables that its header names? For files that look wrong, and before an upgrade: it takes some
// milliseconds.
namespace delegate::sqlite {

struct SchemaRepair {
  std::size_t steps = 0;                // of the schema that the file has, after the statements
  std::vector<std::string> statements;  // they lose nothing
  std::string what;                     // was wrong, for people; empty: nothing
};

/// Compares the file with the schema that the first `claimed` of `steps` make. A table, index or optional column that
/// is missing is created again. Tables that are those of another number of steps are taken for what they are. What no
/// step knows (a newer program's, a person's own) stays. Code::data_loss: nothing of this helps.
/// Code::invalid_argument: the file has tables, but none of ours.
Result<SchemaRepair> plan_repair(sqlite3* file, std::span<const char* const> steps, std::size_t claimed);

}  // namespace delegate::sqlite
