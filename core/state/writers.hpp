#pragma once
#include <string>
#include <vector>

#include "core/state/lease.hpp"

// Which runs write where, so that no two change the same files at the same time. The rules are in core/run/writers.cpp.
namespace delegate {

/// A run that may write in a directory and in all below it.
struct WriterRow {
  std::string directory;  // absolute, without symbolic links
  std::string run_id;
  ProcessLease lease;  // its tag is that of the run: see run_tag()

  bool operator==(const WriterRow&) const = default;
};
using WriterRows = std::vector<WriterRow>;

}  // namespace delegate
