#pragma once
#include <string>
#include <vector>

#include "core/os/file.hpp"

// Files as things go wrong with them.
namespace delegate {

/// Everything that the companions of an unused database file hold is moved into it, so that it can be damaged alone.
void settle_file(const Path& file);
/// Runs one statement in the file, past our store.
void tamper(const Path& file, const std::string& sql);
/// The last value of the last row, as text; "NULL".
std::string query_file(const Path& file, const std::string& sql);

void write_garbage(const Path& file, std::size_t from, std::size_t length);
/// Into the first page of every table and index, so that the file still opens.
void write_garbage_into_tables(const Path& file);
void write_whole(const Path& file, const std::string& bytes);

/// The renamed damaged files, without their -wal and -shm files.
std::vector<Path> set_aside_files(const Path& directory);

}  // namespace delegate
