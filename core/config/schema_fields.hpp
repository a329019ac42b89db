#pragma once
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/schema.hpp"

// How the files of the schema write their keys: a rule and the member that it is about.
namespace delegate::config {

template <class Section>
using Member = std::variant<bool Section::*, int Section::*, milliseconds Section::*, std::string Section::*,
                            std::vector<std::string> Section::*, std::vector<FailureRule> Section::*,
                            std::vector<Login> Section::*, BackendOrder Section::*, std::vector<WindowShare> Section::*,
                            std::vector<BudgetAmount> Section::*, std::optional<double> Section::*>;
template <class Section>
struct Field {
  Rule rule;
  Member<Section> member;
};

template <class Section, std::size_t size>
void add_keys(const Field<Section> (&fields)[size], Section& section, std::string_view prefix, std::vector<Key>& keys) {
  for (const Field<Section>& field : fields) {
    const auto slot = [&](auto member) { return Slot(&(section.*member)); };
    keys.push_back({prefix, &field.rule, std::visit(slot, field.member)});
  }
}

inline constexpr std::int64_t kDay = std::int64_t{24} * 60 * 60 * 1000;  // ms

/// The keys that only backends have; not those that they share with sections.
void add_own_keys(BackendSettings& backend, std::vector<Key>& keys);

}  // namespace delegate::config
