#pragma once
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace delegate::inspect {

/// Promised to scripts by name.
enum class FindingSeverity {
  ok,
  note,     // worth knowing: nothing is wrong with it
  warning,  // it works, but perhaps not as it is meant
  problem,  // something does not work
};
inline std::string_view to_string(FindingSeverity severity) {
  switch (severity) {
    case FindingSeverity::ok: return "ok";
    case FindingSeverity::note: return "note";
    case FindingSeverity::warning: return "warning";
    case FindingSeverity::problem: return "problem";
  }
  return "";
}

/// One thing that was found, in a sentence that goes on from what it is about: "codex" "is not on the PATH".
struct Finding {
  FindingSeverity severity = FindingSeverity::ok;
  std::string about;
  std::string what;
  std::string fix = {};  // the one thing to do; empty: nothing

  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

inline void add(Findings& all, Findings more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace delegate::inspect
