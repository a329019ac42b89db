#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/base/text.hpp"

namespace delegate::fuzz {

/// Ends the program, which libFuzzer reports with the input that led here.
inline void hold(bool property, const char* sentence) {
  if (property) return;
  std::fprintf(stderr, "does not hold: %s\n", sentence);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// Fit for a terminal's line.
inline bool is_one_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }) &&
         valid_utf8(text) == text;
}

/// Numbers that are the same for the same input (FNV-1a, then a linear congruence).
class Numbers {
 public:
  explicit Numbers(std::string_view seed) {
    for (const char c : seed) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  }
  std::size_t below(std::size_t limit) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(state_ >> 33) % limit;
  }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325u;
};

}  // namespace delegate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);
