#pragma once
#include <random>
#include <string>

namespace delegate::test {

/// Settings files in every layout that a person or a program may have written. The same seed gives the same text.
class RandomText {
 public:
  explicit RandomText(unsigned seed) : random_(seed) {}

  std::string jsonc();
  std::string toml();
  std::string yaml();
  /// Any bytes, mostly those that mean something.
  std::string garbage(std::string_view alphabet);
  /// The text with a few bytes changed, added or lost.
  std::string damaged(std::string text);

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  bool one_in(std::size_t count) { return below(count) == 0; }
  std::string newline() { return one_in(3) ? "\r\n" : "\n"; }
  std::string gap();
  std::string blank();
  std::string string(bool is_key);
  std::string object(int depth, bool has_servers);
  std::string value(int depth);
  std::string toml_value(int depth);
  std::string toml_table(const std::string& name);
  std::string yaml_value(std::size_t indent, int depth);
  std::string yaml_mapping(std::size_t indent, int depth, bool has_servers);

  std::mt19937 random_;
  std::size_t names_ = 0;
};

}  // namespace delegate::test
