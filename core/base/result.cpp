#include "core/base/result.hpp"

#include <system_error>

namespace delegate {

std::string errno_text(int error) { return std::generic_category().message(error); }

}  // namespace delegate
