#pragma once
#include <string>

#include "core/base/result.hpp"

namespace delegate {

/// The kind of failure that an errno value is, for files and pipes.
Code code_of_errno(int error);

/// `where: what: why` with the errno's text.
tl::unexpected<Error> fail_errno(const std::string& where_and_what, int error);

}  // namespace delegate
