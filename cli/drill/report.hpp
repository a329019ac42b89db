#pragma once
#include <string>
#include <vector>

#include "cli/drill/machine.hpp"
#include "cli/drill/scenario.hpp"

namespace delegate::cli::drill {

struct Report {
  const Setup& setup;
  std::vector<Step> steps;
  milliseconds took{0};
  Machine machine;

  bool held() const;
};

/// For people: at most 80 columns as long as names are short.
std::string to_text(const Report& report, bool painted);
std::string to_json(const Report& report);

}  // namespace delegate::cli::drill
