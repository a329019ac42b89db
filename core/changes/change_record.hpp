#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/os/file.hpp"

namespace delegate {

enum class Direction {
  forward,
  reverse,  // takes a change back
};

/// What is remembered of a change: the file change.json in its directory. It holds no prompt and no answer.
struct ChangeRecord {
  enum class State {
    running,    // or its process was killed
    finished,   // what has changed is kept
    abandoned,  // what has changed could not be recorded (`trouble`); the snapshot or the isolated tree is kept
  };
  State state = State::running;
  std::string run;
  Path root;                             // of the person's work tree
  std::chrono::milliseconds started{0};  // wall clock
  std::optional<std::chrono::milliseconds> finished;
  std::optional<std::chrono::milliseconds> applied;  // isolated: when the person's files got the change
  bool is_isolated = false;
  bool keeps_tree = false;  // the isolated tree stays until the change is removed
  bool is_in_files = true;  // the person's files have the change: it was made there or applied, and not undone
  std::optional<Direction> applying;  // this has begun, and its end was not recorded yet
  std::string trouble;                // abandoned: why
  bool is_late = false;               // it was recorded after the run had ended: changes of others since are in it, too
  std::vector<std::string> backends;  // in the order in which they were tried
  std::vector<std::string> not_covered;
  std::chrono::nanoseconds taken{0};  // the snapshot before, in the clock of files (FirstSnapshot)
  std::string before;                 // trees
  std::string after;
  std::size_t files = 0;
};

/// Written by rename, mode 0600.
Status write_record(const Path& directory, const ChangeRecord& record);
/// Code::not_found: none; data_loss: it cannot be read, or is of a later version.
Result<ChangeRecord> read_record(const Path& directory);

}  // namespace delegate
