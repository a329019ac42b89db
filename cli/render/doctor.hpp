#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/inspect/finding.hpp"

// What was found, as people and scripts see it. Nothing is decided here.
namespace delegate::cli {

using namespace inspect;

struct Section {
  std::string_view name;
  Findings findings;
};

std::size_t count(const std::vector<Section>& sections, FindingSeverity severity);
std::string to_text(const std::vector<Section>& sections, bool painted);
/// delegate.doctor/1
std::string to_json(const std::vector<Section>& sections);

}  // namespace delegate::cli
