#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How much of the windows of a subscription is used: facts of a login, as its calls report them. Pure: readings in,
// state out. Times are those of the wall clock, because vendors state them so. What is not known is absent, never 0.
namespace delegate {

using std::chrono::milliseconds;

/// Names of the usual windows. One of another length is called by it ("24h", "30d"); one that counts a single model has
/// that model's name behind the window's: "seven_day_opus".
inline constexpr std::string_view kFiveHour = "five_hour";
inline constexpr std::string_view kSevenDay = "seven_day";

/// The name of a window of this length, for vendors that do not name theirs.
std::string window_name(milliseconds length);
/// The length that a name stands for; nothing: it says nothing about it.
std::optional<milliseconds> window_length(std::string_view name);
/// The model that a window counts alone, as a word of its name ("opus"); empty: it counts all.
std::string_view model_of_window(std::string_view name);
/// Does this window count calls of this model? One for a single model only those with its word in their model's name; a
/// model that is not known (empty) has none.
bool counts_model(std::string_view name, std::string_view model);

/// One window, as it was reported.
struct WindowReading {
  std::string name;
  double used = 0;                      // share
  std::optional<milliseconds> ends_at;  // wall
  std::optional<milliseconds> length = {};

  bool operator==(const WindowReading&) const = default;
};

/// What is used beyond the windows.
struct Overage {
  bool in_use = false;   // calls are billed extra just now
  bool allowed = false;  // they would be once a window is used up
  std::string credits;   // that are left, as the vendor writes them: "12.50", "unlimited"; empty: unknown

  bool operator==(const Overage&) const = default;
};

/// Everything that one response said about the windows of its login.
struct QuotaReading {
  std::vector<WindowReading> windows;
  std::optional<Overage> overage;
  milliseconds heard_at{0};  // wall
  std::string source;        // how it was heard: "call", "refresh"

  bool empty() const { return windows.empty() && !overage; }
  bool operator==(const QuotaReading&) const = default;
};

/// One window as it is remembered.
struct QuotaWindow {
  std::string name;
  double used = 0;  // share, 0 to 1
  std::optional<milliseconds> ends_at;
  std::optional<milliseconds> length;
  milliseconds heard_at{0};
  std::string source;
  int announced = 0;  // percent: the highest share that was announced in this window

  bool operator==(const QuotaWindow&) const = default;
};

/// What is remembered of one login.
struct Quota {
  std::vector<QuotaWindow> windows;  // each name once, the shortest window first
  Overage overage;
  milliseconds overage_heard_at{0};
  /// Tells whose windows these are: a salt and a hash of the account's id. Empty: unknown.
  std::string account;

  bool empty() const { return windows.empty() && overage == Overage{}; }
  bool operator==(const Quota&) const = default;
};

/// A window of a plan that is paid by the month, not a limit of a server.
bool is_of_subscription(std::string_view window);

inline constexpr std::size_t kMostWindows = 16;
/// How long a figure without an end and a length is believed.
inline constexpr milliseconds kLongestUndated{3'600'000};

/// Are these two ends of the same stretch of time? Vendors compute the end for each response, some seconds apart.
bool is_same_stretch(const std::optional<milliseconds>& one_end, const std::optional<milliseconds>& other_end);

/// Takes a reading into account. For each window the newest reading counts, whichever call ends first; of two that were
/// heard at the same moment, the one that says more. Not taken: a share that is no number or below 0, an end that has
/// passed, a figure that was heard before its window began, a name that is none.
void merge(Quota& quota, const QuotaReading& reading, milliseconds now);

/// The mark of an account, for Quota::account. `salt` is any text that differs from mark to mark.
std::string account_mark(std::string_view account_id, std::string_view salt);
/// Forgets all windows if they are those of another account. An empty id is one that is not known: nothing changes.
void note_account(Quota& quota, std::string_view account_id, std::string_view fresh_salt);

/// A window as it is now.
struct WindowView {
  std::string name;
  double used = 0;                      // share
  std::optional<milliseconds> ends_at;  // wall; absent: unknown, or the window has ended and no new one has begun
  std::optional<milliseconds> length;
  milliseconds heard_at{0};
  std::string source;

  double left() const { return 1 - used; }
  bool operator==(const WindowView&) const = default;
};

/// What of it holds at `now`: a window whose end has passed is full again, a figure that nothing dates any more is left
/// out.
std::vector<WindowView> current_windows(const Quota& quota, milliseconds now);
/// Extra billing as it is now: it ends with the window that it followed.
Overage current_overage(const Quota& quota, milliseconds now);

}  // namespace delegate
