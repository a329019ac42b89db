#include "core/quota/reserve.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/base/text.hpp"
#include "core/quota/pace.hpp"

namespace delegate {
namespace {

/// Without a stated end a figure is believed only for a while.
milliseconds believed_until(const WindowView& window) {
  return window.ends_at.value_or(window.heard_at + window.length.value_or(kLongestUndated));
}

/// 0.9 used and 10 % kept is not below it, although 1 - 0.9 is less than 0.1.
bool is_less(double left, double kept) {
  constexpr double kRounding = 1e-9;
  return left < kept - kRounding;
}

}  // namespace

Result<double> parse_share(std::string_view text) {
  constexpr const char* kHint = "write it like \"15%\", from 0% to 100%";
  const std::string_view number = trim(text.substr(0, text.find('%')));
  double percent = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), percent);
  const bool is_share = error == std::errc{} && end == number.data() + number.size() && trim(text).ends_with('%') &&
                        trim(text).find('%') == trim(text).size() - 1 && std::isfinite(percent);
  if (!is_share) return fail(Code::invalid_argument, "'" + std::string(text) + "' is not a share", kHint);
  if (percent < 0 || percent > 100)
    return fail(Code::invalid_argument, "'" + std::string(text) + "' is not from 0% to 100%", kHint);
  return percent / 100;
}

std::string share_text(double share) {
  constexpr double kDigits = 1e10;  // 0.07 * 100 is 7.000000000000001
  std::array<char, 32> digits{};
  const double percent = std::round(share * 100 * kDigits) / kDigits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), percent).ptr;
  return std::string(digits.data(), end) + "%";
}

double reserve_of(const std::vector<WindowShare>& reserve, std::string_view window) {
  double of_every = 0;
  for (const WindowShare& one : reserve) {
    if (one.window == window) return one.share;
    if (one.window.empty()) of_every = one.share;
  }
  return of_every;
}

std::optional<WindowView> below_reserve(const std::vector<WindowView>& windows, const std::vector<WindowShare>& reserve,
                                        std::string_view model) {
  std::optional<WindowView> last;
  for (const WindowView& window : windows) {
    const double kept = reserve_of(reserve, window.name);
    const bool is_below =
        kept > 0 && counts_model(window.name, model) && may_steer(window) && is_less(window.left(), kept);
    if (is_below && (!last || believed_until(window) > believed_until(*last))) last = window;
  }
  return last;
}

}  // namespace delegate
