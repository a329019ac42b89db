#pragma once
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>

namespace delegate::test {

/// The pages in the write-ahead log that a process which opens the database has to read.
/// https://www.sqlite.org/fileformat2.html, section 4.
inline int frames_in_log(const std::string& log_file) {
  constexpr std::size_t kHeader = 32;
  constexpr std::size_t kFrame = 24 + 4096;
  constexpr std::size_t kSaltsOfLog = 16;
  constexpr std::size_t kSaltsOfFrame = 8;
  constexpr std::size_t kSalts = 8;  // bytes
  std::ifstream file(log_file, std::ios::binary);
  const std::string log{std::istreambuf_iterator<char>(file), {}};
  int frames = 0;
  for (std::size_t at = kHeader; at + kFrame <= log.size(); at += kFrame, ++frames)
    if (log.compare(at + kSaltsOfFrame, kSalts, log, kSaltsOfLog, kSalts) != 0) break;
  return frames;
}

}  // namespace delegate::test
