#pragma once
#include "core/base/result.hpp"
#include "core/quota/windows.hpp"

// What a person keeps of a window for their own work. Pure.
namespace delegate {

/// A share of one window, as it is configured.
struct WindowShare {
  std::string window;  // empty: every window that has no share of its own
  double share = 0;    // 0 to 1

  bool operator==(const WindowShare&) const = default;
};

/// "15%", also with a fraction: "2.5%". From 0 to 100.
Result<double> parse_share(std::string_view text);
std::string share_text(double share);  // "15%"

/// The share that is kept of this window; 0: none.
double reserve_of(const std::vector<WindowShare>& reserve, std::string_view window);

/// Of the windows of which less than their reserve is left, the last to end; nothing: there is none. Windows of another
/// model than `model` do not count, nor do those about which nothing is known.
std::optional<WindowView> below_reserve(const std::vector<WindowView>& windows, const std::vector<WindowShare>& reserve,
                                        std::string_view model);

}  // namespace delegate
