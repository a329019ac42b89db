#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/run/engine.hpp"
#include "core/run/request.hpp"

// A call that is allowed to change files may fail in the middle of its changes. The next backend must not build on them
// without knowing of them, and neither must a person.
namespace delegate {

/// What calls that failed may have left half done in a directory.
struct HalfChange {
  struct Part {
    std::string backend;             // empty: unknown, because its run was killed
    Outcome outcome;                 // how its call ended
    std::vector<std::string> files;  // that it is known to have named; there may be others

    bool operator==(const Part&) const = default;
  };
  std::vector<Part> parts;  // in the order in which they ended
};

/// Adds what an attempt may have left, if it failed.
void add_attempt(HalfChange& change, const Attempt& attempt);

/// What the newest other run that changed files in this directory, or may have, left half done: nothing if it has
/// answered or still runs. An error: the history cannot be read.
Result<HalfChange> half_change_in(const Engine& engine, const std::string& directory, const std::string& but_run);

/// Follows the prompt of a backend that goes on in the same files. Empty: there is nothing to say.
std::string handover(const HalfChange& change);

/// "a.cpp, b.cpp and 3 more"; "files" if none is known.
std::string words_for_files(const std::vector<std::string>& files);

}  // namespace delegate
