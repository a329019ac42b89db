#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/notify/damping.hpp"

// The text of notifications about outages: a title of at most 30 characters, and what to do first in the message,
// because desktops show about one line of it, and of several outages a short line each. Pure, except that it reads the
// local time zone. It never contains output of a backend, a prompt, a path or a key, because other people may see the
// screen.
namespace delegate::notify {

struct NotificationText {
  std::string title;
  std::string message;
};

inline constexpr std::size_t kLongestTitle = 30;  // characters
// Of a message about several backends: mako shows four lines of some 32 characters, and wraps longer ones.
inline constexpr std::size_t kLongestLine = 32;
inline constexpr std::size_t kMostLines = 4;

/// What answers instead of a backend that is unavailable.
struct Substitute {
  std::string name;
  std::string model = {};  // of a local model
};

struct OutageWords {
  std::string cause;   // "signed out", at most kLongestTitleWords characters
  std::string remedy;  // "Run gemini and sign in again."
};

/// What the text about a quota window needs besides its record.
struct QuotaFacts {
  std::vector<WindowView> windows;  // of its login, as they are now
  bool may_avoid_extra = false;     // a setting could avoid extra billing
  bool is_extra_allowed = false;    // a setting allows it
};

/// What the texts need besides the records.
struct OutageFacts {
  milliseconds now{0};                     // wall
  std::vector<Substitute> answering = {};  // can be called now, in routing order
  NotifySettings settings = {};
  std::function<OutageWords(const NotificationRow&)> words_for;
  std::function<QuotaFacts(const NotificationRow&)> quota_for = {};
};

NotificationText text_of_trips(const NotificationRows& trips, const OutageFacts& facts);
/// `trip` is the outage after which further ones are not announced.
NotificationText text_of_unstable(const NotificationRow& trip, const DampedOutage& damped, const OutageFacts& facts);
/// `all` are the stored records, with the trips. `still_out`: outages that the same notification shows.
NotificationText text_of_recoveries(const NotificationRows& recoveries, const NotificationRows& all,
                                    const NotificationRows& still_out, const OutageFacts& facts);

/// For what shows a message as one line.
std::string in_one_line(const std::string& message);

/// A title, and a name that it had to shorten in full at the end of the message.
NotificationText text_about(const std::string& name, const std::string& words, std::string message);

/// A trip that has not happened.
NotificationText text_of_sample(const std::string& backend, const OutageFacts& facts);

}  // namespace delegate::notify
