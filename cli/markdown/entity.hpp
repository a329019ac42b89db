#pragma once
#include <string>
#include <string_view>

namespace delegate::cli::markdown {

/// "&" for "&amp;" and "&#38;". An entity with a rare name, or for a character outside of ASCII, stays as it is.
std::string decoded_entity(std::string_view entity);

}  // namespace delegate::cli::markdown
