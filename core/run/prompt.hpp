#pragma once
#include "core/run/request.hpp"

namespace delegate {

/// The prompt followed by its materials, each between tags that do not occur in it: where it begins and ends cannot be
/// mistaken, whatever it contains.
std::string whole_prompt(const Request& request);

}  // namespace delegate
