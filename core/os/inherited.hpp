#pragma once
#include <map>
#include <string>

// What a process gets from whoever starts it.
namespace delegate {

std::map<std::string, std::string> inherited_environment();

/// A standard stream that the caller closed must not become the number of the next file that is opened (the state, a
/// socket). Such a stdin is empty; such an output cannot be written, which is an error that is reported.
void keep_standard_streams_apart();

}  // namespace delegate
