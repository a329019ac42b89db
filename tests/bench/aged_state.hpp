#pragma once
#include <cstdint>
#include <filesystem>

namespace delegate::bench {

/// A state file as after a year with `runs` runs: every tenth fell back from claude, every thousandth failed. A backend
/// that no longer exists answered the first hundred. Does nothing if the file exists; ends the process if it fails.
void fill_history(const std::filesystem::path& file, long runs);

/// The frames that the next process reads when it recovers the write-ahead log.
std::uint32_t frames_in_log(const std::filesystem::path& file);

/// Changes how long runs took until the log has this many frames.
void fill_log(const std::filesystem::path& file, std::uint32_t frames);

}  // namespace delegate::bench
