#pragma once
#include <span>

namespace delegate::sqlite {

/// The schema as the steps that led to it: step N makes version N out of version N-1, a fresh file takes all of them.
/// Persisted: steps that were released never change, a new version appends one.
std::span<const char* const> migrations();

}  // namespace delegate::sqlite
