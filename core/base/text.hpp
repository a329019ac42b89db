#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Small text tools that the standard library does not have.
namespace delegate {

std::string_view trim(std::string_view text);
std::string lower(std::string_view text);  // ASCII
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
bool contains_ignoring_case(std::string_view text, std::string_view part);

/// True when `word` (lower case; may have spaces) stands in `text` with no letter or digit on either side (A49: not
/// "test" in "latest").
bool contains_word(std::string_view text, std::string_view word);

/// The candidate that `typed` was probably meant to be, or empty when none is near.
std::string_view nearest(std::string_view typed, std::span<const std::string> candidates);

/// `text` with every byte that is not valid UTF-8 replaced by U+FFFD: for JSON, terminals and the desktop.
std::string valid_utf8(std::string_view text);

/// Control characters made harmless for one line on a terminal; a newline becomes a space.
std::string one_line(std::string_view text, std::size_t longest = 400);

/// Each absolute path in `text` cut to its last name: "state.db: query: …". For what others may come to see.
std::string without_directories(std::string_view text);

/// A bounded memory of a stream: its first bytes and its last, with what fell out between counted.
class HeadAndTail {
 public:
  HeadAndTail(std::size_t head, std::size_t tail) : head_limit_(head), tail_limit_(tail) {}
  void add(std::string_view bytes);
  /// Head and tail; where bytes are missing, a line says how many.
  std::string text() const;
  std::string_view head() const { return head_; }
  std::string_view tail() const;  // the last bytes, at most the tail limit; the head's end while all fits there
  std::uint64_t total() const { return total_; }

 private:
  std::size_t head_limit_;
  std::size_t tail_limit_;
  std::string head_;
  std::string tail_;
  std::uint64_t total_ = 0;
};

/// `text` ending in exactly one newline.
std::string with_newline(std::string text);

}  // namespace delegate
