#pragma once
#include <string>
#include <vector>

#include "core/state/lease.hpp"

// Which runs write where, so that no two change the same files at the same time, and which wait for that. The rules are
// in core/run/writers.cpp.
namespace delegate {

/// A run that may write in a directory and in all below it.
struct WriterRow {
  std::string directory;  // absolute, without symbolic links
  std::string run_id;
  ProcessLease lease;  // its tag is that of the run: see run_tag()

  bool operator==(const WriterRow&) const = default;
};
using WriterRows = std::vector<WriterRow>;

/// A run that waits until it may write.
struct WaitingWriter {
  WriterRow row;              // its lease is that of its place in the line
  bool stands_aside = false;  // see WriterRequest

  bool operator==(const WaitingWriter&) const = default;
};

struct WritersState {
  WriterRows writing;
  std::vector<WaitingWriter> waiting;  // in the order in which they came; new ones are added at the end

  bool operator==(const WritersState&) const = default;
};

}  // namespace delegate
