#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/base/capabilities.hpp"

// The table of `backends` and `ping`: backends that were looked at or called.
namespace delegate::cli {

struct CheckRow {
  std::string name;
  std::string kind;
  std::string path;
  std::optional<Capabilities> can;  // not shown by every list
  std::string state;                // "installed", "not installed", "disabled", "answers", …
  std::string detail;
  std::string hint;
  std::optional<std::chrono::milliseconds> took;
};

std::string to_text(const std::vector<CheckRow>& rows);
std::string to_json(const std::vector<CheckRow>& rows, const std::string& schema);

}  // namespace delegate::cli
