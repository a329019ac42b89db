#pragma once
#include <string>
#include <vector>

#include "core/config/layers.hpp"

// What a project's file may set until it is trusted: see UntrustedUse.
namespace delegate::config {

/// The settings of a project's file that need trust.
std::vector<RestrictedSetting> restricted_in(const LayerSettings& layer,
                                             const std::vector<std::string>& known_backends);

/// Removes what makes an untrusted project's file unusable, each of which is a problem, and what needs trust but only
/// repeats a built-in value.
void restrict_to_project(LayerSettings& layer, const std::vector<std::string>& known_backends, ProjectTrust trust,
                         Problems& problems);

/// Adds orders that name other backends than those of `without`, the same configuration without the project's file, to
/// the settings that need trust.
void restrict_orders(LoadedConfig& loaded, const Config& without);

/// Completes a configuration with an untrusted project's file at `path`: what may not apply gets its value from
/// `without`, the same configuration without that file, and what changes the calls of a backend is noted in it.
void hold_back(LoadedConfig& loaded, Config without, const std::string& path);

}  // namespace delegate::config
