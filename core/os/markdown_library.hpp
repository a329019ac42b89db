#pragma once
#include <md4c.h>

#include "core/base/result.hpp"

namespace delegate {

/// `md_parse` of libmd4c, loaded by the first call in the process and never unloaded: the header gives the types,
/// nothing is linked. Code::unavailable if there is none on this machine.
Result<decltype(&md_parse)> markdown_parser();

}  // namespace delegate
