#pragma once
#include <span>

namespace delegate::sqlite {

/// The schema as a list of steps: step N turns version N-1 into version N; a new file takes all of them. Released steps
/// never change; a new version appends one.
std::span<const char* const> migrations();
/// What came after the newest version and does not disturb programs that know only that one: see Database::Options.
std::span<const char* const> additions();
/// How many of them a file has that can keep summaries.
inline constexpr int kAdditionsWithSummaries = 10;
/// Tables and indexes that all of them make, with the indexes of keys.
inline constexpr int kSchemaParts = 39;

}  // namespace delegate::sqlite
