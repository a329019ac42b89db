#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace delegate {

/// The id of a run: safe in file names, URLs and argv; unique on a host. 7 random characters, so that a few are enough
/// to name it, and 9 of time. `chance`: random bits, of which it takes 35.
std::string make_run_id(std::chrono::milliseconds wall, std::uint64_t chance);

}  // namespace delegate
