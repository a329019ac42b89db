#pragma once
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace delegate::inspect {

/// The names are stable, for scripts.
enum class FindingSeverity {
  ok,
  note,     // for information
  warning,  // it works, but perhaps not as intended
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

/// One result of a check. `what` continues a sentence that begins with `about`: "codex" "is disabled".
struct Finding {
  FindingSeverity severity = FindingSeverity::ok;
  std::string about;
  std::string what;
  std::string fix = {};  // what to do; empty: nothing

  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

inline void add(Findings& all, Findings more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace delegate::inspect
