#pragma once
#include <span>

namespace delegate::sqlite {

/// The schema as a list of steps: step N turns version N-1 into version N; a new file takes all of them. Released steps
/// never change; a new version appends one.
std::span<const char* const> migrations();

}  // namespace delegate::sqlite
