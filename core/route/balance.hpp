#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

// Which of several equal candidates goes first: the one whose quota lasts longest. Pure.
namespace delegate {

using std::chrono::milliseconds;

/// A candidate among its equals.
struct Equal {
  std::string name;
  /// How much it can still take: the share of its quota that is left, divided by the share of the time that is left.
  /// Nothing: unknown.
  std::optional<double> headroom;
  std::optional<milliseconds> last_used;  // wall; nothing: never, or unknown
  bool is_reserved = false;               // what is left of it is kept for other work
};

/// A candidate goes before the one that was used last if it has so much more headroom: where two are about the same,
/// turns of single calls would split every conversation's cache between them.
inline constexpr double kLead = 1.2;

/// The names in the order in which equals are tried. The one that was used last stays first until another leads by
/// 20 %, or its reserve is crossed; one without figures keeps its written place. Reserved ones go behind the others.
std::vector<std::string> balanced(const std::vector<Equal>& equals);

}  // namespace delegate
