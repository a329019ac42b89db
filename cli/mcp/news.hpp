#pragma once
#include <chrono>

#include "core/base/deadline.hpp"

namespace delegate::cli::server {

/// How far a call is, for a client that wants to be told: after a second, and then every now and then.
class News {
 public:
  explicit News(bool are_wanted) : are_wanted_(are_wanted) {}

  /// True: they are to be told now; then the next ones are due later.
  bool are_due() {
    if (!are_wanted_ || !next_.passed()) return false;
    next_ = Deadline::in(kBetween);
    return true;
  }
  Deadline next() const { return are_wanted_ ? next_ : Deadline::never(); }
  /// Since the call came.
  std::chrono::duration<double> age() const { return std::chrono::steady_clock::now() - since_; }

 private:
  static constexpr milliseconds kFirst{1'000};
  static constexpr milliseconds kBetween{2'500};

  bool are_wanted_;
  Steady since_ = std::chrono::steady_clock::now();
  Deadline next_ = Deadline::in(kFirst);
};

}  // namespace delegate::cli::server
