#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace delegate {

/// True for names of variables that hold keys, tokens or passwords.
bool is_secret_name(std::string_view name);

/// Removes secrets from text that leaves the program (messages, ledger): values of secret-looking variables of the
/// environment, and keys by their shape (`sk-…`, `AIza…`, `Bearer …`).
class Redactor {
 public:
  explicit Redactor(const std::map<std::string, std::string>& environment);
  std::string operator()(std::string text) const;

 private:
  std::vector<std::string> values_;  // longest first
};

}  // namespace delegate
