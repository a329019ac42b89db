#pragma once
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace delegate {

/// True for names of variables that hold keys, tokens or passwords.
bool is_secret_name(std::string_view name);

/// Removes secrets from text that leaves the program (messages, notes, ledger): the values of variables with
/// secret-like names, also if escaped, broken over lines or cut off, and anything that looks like a secret
/// (secret_shapes.hpp). Clean text and text that was cleaned before stay as they are. One object may be used by several
/// threads.
class Redactor {
 public:
  /// `more_names` are further variables that hold a secret.
  explicit Redactor(const std::map<std::string, std::string>& environment,
                    const std::vector<std::string>& more_names = {});
  std::string operator()(std::string text) const;
  bool finds_secret(const std::string& text) const;

 private:
  void add(std::string_view value);
  std::string pass(std::string_view text) const;
  void mark_values(std::string_view text, std::string& marks) const;
  void mark_fragments(std::string_view text, std::string& marks) const;

  std::vector<std::string> values_;
  std::map<std::size_t, std::unordered_set<std::string>> fragments_;  // by length
};

}  // namespace delegate
