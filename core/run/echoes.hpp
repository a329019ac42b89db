#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

// What a program's output repeats of a prompt or an answer, which must reach no log and no message.
namespace delegate {

/// Finds repetitions of one text, which must outlive it, in others: as it is, escaped as in JSON, or with other blanks.
/// Counts as one: a run of 24 bytes or more, and a whole line of the text of at least 8. Of a long text its beginning
/// and end are known. Time grows linearly with both texts; nothing is done before the first question.
class Echoes {
 public:
  explicit Echoes(std::string_view text) : text_(text) {}

  /// `line` with "[…]" in the place of each repetition.
  std::string masked(std::string_view line);
  /// Each line with "[…]" in the place of each repetition, but not of one that is the whole line and only a part of a
  /// line of the text: who asks about an error message may get that error.
  std::string masked_inside(std::string_view lines);

 private:
  void index();
  std::vector<bool> repeated(std::string_view plain) const;
  std::string masked(std::string_view line, bool keep_whole);

  std::string_view text_;
  bool is_indexed_ = false;
  std::vector<std::uint64_t> runs_;         // hashes of all runs, sorted
  std::unordered_set<std::string> lines_;   // shorter than a run
  std::unordered_set<std::size_t> wholes_;  // hashes of all lines
  std::uint32_t lengths_of_lines_ = 0;      // one bit each
};

inline constexpr std::string_view kEchoMask = "[…]";

}  // namespace delegate
