#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret_shapes.hpp"

namespace delegate {

/// Variables that hold a secret although their names do not show it.
struct SecretVariables {
  std::vector<std::string> values;  // may hold one; a value that may be an ordinary word is not taken for one
  std::vector<std::string> keys;    // hold one, however short it is
};

/// Removes secrets from text that leaves the program (messages, notes, ledger): the values of variables with
/// secret-like names, also if escaped, broken over lines or cut off, and anything that looks like a secret
/// (secret_shapes.hpp). Clean text and text that was cleaned before stay as they are. The time it takes is linear in
/// the text. What it searches with is made when text is first cleaned. One object may be used by several threads.
class Redactor {
 public:
  explicit Redactor(const std::map<std::string, std::string>& environment, const SecretVariables& more = {});
  Redactor(Redactor&&) noexcept;
  Redactor& operator=(Redactor&&) noexcept;
  ~Redactor();

  std::string operator()(std::string text) const;
  bool finds_secret(const std::string& text) const;

 private:
  struct Known;
  std::string pass(std::string_view text) const;

  std::unique_ptr<Known> known_;
};

}  // namespace delegate
