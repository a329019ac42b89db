#pragma once
#include <string>
#include <string_view>

namespace delegate {

/// Cuts a stream into lines, each with its newline. A line longer than the limit is handed on in pieces.
class Lines {
 public:
  static constexpr std::size_t kLongest = 64u << 20;

  template <class OnLine>
  void feed(std::string_view bytes, OnLine&& on_line) {
    for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos; bytes.remove_prefix(end + 1)) {
      if (partial_.empty()) {
        on_line(bytes.substr(0, end + 1));
        continue;
      }
      partial_ += bytes.substr(0, end + 1);
      on_line(std::string_view(partial_));
      partial_.clear();
    }
    partial_ += bytes;
    if (partial_.size() >= kLongest) finish(on_line);
  }
  /// What stands after the last newline.
  template <class OnLine>
  void finish(OnLine&& on_line) {
    if (!partial_.empty()) on_line(std::string_view(partial_));
    partial_.clear();
  }

 private:
  std::string partial_;
};

}  // namespace delegate
