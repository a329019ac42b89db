#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

// What a program's output repeats of a prompt or an answer, which must reach no log and no message.
namespace delegate {

inline constexpr std::string_view kEchoMask = "[…]";

/// Finds repetitions of one text, which must outlive it, in others: as it is, in upper case, with other blanks, or
/// escaped as in JSON or an address, also twice. Counts as one: a run of 24 bytes or more, and a whole line of the text
/// of at least 8. Of a long text its beginning and end are known. Time grows linearly with both texts; nothing is done
/// before the first question.
class Echoes {
 public:
  explicit Echoes(std::string_view text) : text_(text) {}

  /// Which repetitions stay in each line.
  enum class Kept {
    none,
    /// One with which a message begins, if it is from the middle of a line of the text or is all of the message: who
    /// asks about an error may get that error. And a short line of the text among other words.
    quoted_error,
    whole_line,
  };
  /// `lines` with the mask in the place of each repetition.
  std::string masked(std::string_view lines, Kept kept = Kept::none);

 private:
  void index();
  void index_as(std::string_view plain);
  void flag(std::string_view plain, Kept kept, std::vector<bool>& flags) const;
  bool is_quoted(std::string_view piece, bool is_all) const;
  std::string masked_line(std::string_view line, Kept kept, bool is_all) const;

  std::string_view text_;
  bool is_indexed_ = false;
  std::vector<std::uint64_t> runs_;         // hashes of all runs, sorted
  std::unordered_set<std::string> lines_;   // shorter than a run
  std::unordered_set<std::size_t> wholes_;  // hashes of all lines
  std::unordered_set<std::size_t> starts_;  // hashes of the first bytes of all lines, as long as a run
  std::uint32_t lengths_of_lines_ = 0;      // one bit each
};

}  // namespace delegate
