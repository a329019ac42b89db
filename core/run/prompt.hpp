#pragma once
#include "core/run/request.hpp"

namespace delegate {

/// The prompt followed by its materials, each between tags that do not occur in it, so that its content cannot fake its
/// end.
std::string whole_prompt(const Request& request);

/// Tells the prompts of one backend apart, and says nothing about them: four hexadecimal digits, too few to recognise
/// a prompt by.
std::string mark_of(std::string_view prompt, std::string_view backend);

}  // namespace delegate
