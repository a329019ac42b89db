#pragma once
#include <map>
#include <string>

namespace delegate {

/// The value of a variable; empty when it is not set.
inline std::string variable_in(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

}  // namespace delegate
