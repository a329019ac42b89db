#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/inspect/finding.hpp"

// The findings of `doctor` as text for people and as JSON for scripts.
namespace delegate::cli {

using namespace inspect;

struct Section {
  std::string_view name;
  Findings findings;
};

std::size_t count(const std::vector<Section>& sections, FindingSeverity severity);
/// `version` of this program.
std::string to_text(const std::vector<Section>& sections, std::string_view version, bool painted);
/// delegate.doctor/1
std::string to_json(const std::vector<Section>& sections, std::string_view version);

}  // namespace delegate::cli
