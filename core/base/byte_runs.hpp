#pragma once
#include <cstddef>
#include <string_view>

namespace delegate {

/// Where runs of one kind of byte end in a text. The last run is remembered, so that asking from each of its bytes
/// takes linear time in all, provided that the questions move forward; one that steps back costs the length of the
/// step.
class ByteRuns {
 public:
  using Kind = bool (*)(char);
  /// `text` must outlive this object.
  ByteRuns(std::string_view text, Kind kind) : text_(text), kind_(kind), end_(scan(0, text.size())) {}

  /// The first byte at or behind `from` that is not of the kind; the size of the text if there is none.
  std::size_t end(std::size_t from) {
    if (from >= begin_ && from <= end_) return end_;
    if (from < begin_) {
      const std::size_t before = scan(from, begin_);
      if (before < begin_) return before;  // another run
    } else {
      end_ = scan(from, text_.size());
    }
    begin_ = from;
    return end_;
  }

 private:
  std::size_t scan(std::size_t from, std::size_t stop) const {
    while (from < stop && kind_(text_[from])) ++from;
    return from;
  }

  std::string_view text_;
  Kind kind_;
  std::size_t begin_ = 0;  // all bytes from here to end_ are of the kind, the one at end_ is not
  std::size_t end_;
};

}  // namespace delegate
