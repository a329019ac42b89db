#pragma once
#include "core/run/request.hpp"

namespace delegate {

/// The prompt followed by its materials, each between tags that do not occur in it, so that its content cannot fake its
/// end.
std::string whole_prompt(const Request& request);

}  // namespace delegate
