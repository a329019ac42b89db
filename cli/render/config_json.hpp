#pragma once
#include <string>
#include <vector>

#include "core/config/report.hpp"

namespace delegate::cli {

/// delegate.config_check/1 and delegate.config/1.
std::string check_json(const Configured& configured);
std::string show_json(const Configured& configured, const std::vector<ConfigValue>& values);

}  // namespace delegate::cli
