#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/utf8.hpp"

// Text functions that the standard library does not have.
namespace delegate {

std::string_view trim(std::string_view text);
std::string lower(std::string_view text);  // ASCII
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
bool contains_ignoring_case(std::string_view text, std::string_view part);

/// True if `word` (lower case; may contain spaces) is in `text` without a letter or digit on either side: not "test" in
/// "latest".
bool contains_word(std::string_view text, std::string_view word);

/// The candidate that is probably meant by `typed`; empty if none is similar.
std::string_view nearest(std::string_view typed, std::span<const std::string> candidates);

/// The hint "did you mean `near`?", or `otherwise` when nothing is near.
std::string did_you_mean(std::string_view near, std::string_view otherwise = {});

/// Text for one line of a terminal: trimmed, control characters replaced by spaces, those that steer the direction of
/// text shown as their number (`<U+202E>`), cut to `longest` bytes.
std::string one_line(std::string_view text, std::size_t longest = 400);

/// Text from elsewhere for a terminal: control characters other than newline and tab could steer it (move the cursor,
/// set the clipboard), so they are shown (`^[`) instead, and so is what steers the direction of text or separates lines
/// (`<U+202E>`). Direction marks stay: text from right to left needs them.
std::string escape_controls(std::string_view text);

/// Only the latter, for text with colours of our own.
std::string escape_steering(std::string_view text);

/// Each absolute path in `text` cut to its last name: "state.db: query: …". For text that other people may see.
std::string without_directories(std::string_view text);

/// Keeps the first and the last bytes of a stream within bounds, and counts those in between.
class HeadAndTail {
 public:
  HeadAndTail(std::size_t head, std::size_t tail) : head_limit_(head), tail_limit_(tail) {}
  void add(std::string_view bytes);
  /// Head and tail; a line between them says how many bytes are missing.
  std::string text() const;
  std::string_view head() const { return head_; }
  std::string_view tail() const;  // the last bytes, at most the tail limit; the end of the head while all fits there
  std::uint64_t total() const { return total_; }

 private:
  std::size_t head_limit_;
  std::size_t tail_limit_;
  std::string head_;
  std::string tail_;
  std::uint64_t total_ = 0;
};

/// `text` ending in exactly one newline; an empty one stays empty.
std::string with_newline(std::string text);

/// 'text', as a POSIX shell and zsh read it.
std::string shell_quoted(std::string_view text);
/// The same, but in quotes only if a shell would change something in it. An empty text stays empty.
std::string shell_word(std::string_view text);

}  // namespace delegate
