#pragma once
#include <chrono>
#include <string>

namespace delegate {

/// The id of a run: sorts by time; safe in file names, URLs and argv; unique on a host. 9 characters of time, 7 random.
std::string make_run_id(std::chrono::milliseconds wall);

}  // namespace delegate
