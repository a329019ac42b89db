#pragma once
#include <initializer_list>
#include <string_view>

#include "core/run/backend.hpp"

// [[backends.NAME.failures]]: what a person says that the error texts of a backend mean. These rules come before
// everything that delegate itself knows about error texts, for every kind of backend.
namespace delegate {

/// The failure that the first matching rule names; nothing: no rule matches.
std::optional<Failure> configured_failure(const BackendSettings& settings, std::string_view text);

/// Gives `failure` the outcome of the first rule that matches one of `texts`; false: none does, and it is unchanged.
bool apply_rules(const BackendSettings& settings, std::initializer_list<std::string_view> texts, Failure& failure);

}  // namespace delegate
