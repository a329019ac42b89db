#pragma once
#include <chrono>
#include <string>

namespace delegate {

/// A run's name: sorts by time, safe in file names, URLs and argv, unique on a host: 9 characters of time, 7 of chance.
std::string make_run_id(std::chrono::milliseconds wall);

}  // namespace delegate
