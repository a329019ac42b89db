#pragma once
#include <string>
#include <string_view>

namespace delegate {

/// Which bytes of a text are secret. Filling takes linear time if the regions begin about in order, whatever they
/// overlap.
class SecretMarks {
 public:
  explicit SecretMarks(std::size_t bytes) : marks_(bytes, '\0') {}
  void add(std::size_t from, std::size_t length);
  bool at(std::size_t position) const { return marks_[position] != 0; }
  /// `text` with each marked region replaced by `mask`.
  std::string masked(std::string_view text, std::string_view mask) const;

 private:
  std::string marks_;
  std::size_t from_ = 0;  // from here to end_ everything is marked
  std::size_t end_ = 0;
};

/// A piece of text without a digit is taken for a word, not for a key.
bool has_digit(std::string_view text);

/// True for names of variables that hold keys, tokens or passwords.
bool is_secret_name(std::string_view name);

/// A variable may name the file that holds the secret; a path is not a secret.
bool is_secret_path(std::string_view value);

/// Marks what looks like a secret: keys and tokens of known vendors (secret_table.hpp), JSON web tokens, private keys,
/// and what a name or a URL says to be one (secret_fields.hpp). Takes linear time.
void mark_secret_shapes(std::string_view text, SecretMarks& marks);

}  // namespace delegate
