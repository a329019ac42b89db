#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"

// The protocol between delegate and delegate-notify: a Notice as one JSON document on stdin, a NoticeResult as one line
// of JSON on stdout. Both directions are implemented here, so that they cannot differ.
namespace delegate::notify::desktop {

enum class Urgency : std::uint8_t {
  low = 0,
  normal = 1,
  critical = 2
};  // the values of the notification specification

/// Identifies a delivered notification. A server's id is valid only for the server that assigned it; `server` names
/// that one as "<guid of the bus>/<the server's unique name>". The desktop portal assigns none: there it is the
/// notice's own `tag`, and nothing else.
struct NoticeId {
  std::uint32_t id = 0;
  std::string server;
  std::string tag;
};

inline constexpr milliseconds kBudget{10'000};
inline constexpr milliseconds kActivation{10'000};

// What delegate-notify waits for at most. It kills itself after the sum of what may follow, so a new wait belongs here.
inline constexpr milliseconds kInputTimeout{2'000};  // the notice
inline constexpr milliseconds kDisplayTimeout{500};  // a display to answer, before a server is started
inline constexpr milliseconds kGrace{300};           // everything that is no wait
/// From the notice to the start of a server, or from there to the end.
constexpr milliseconds longest_stage(milliseconds budget) { return budget + kDisplayTimeout + kGrace; }
/// A server, or the portal, is started once at most.
constexpr milliseconds longest_run(milliseconds budget, milliseconds activation) {
  return kInputTimeout + longest_stage(budget) + activation + longest_stage(budget);
}

struct Notice {
  std::string summary;  // empty: only close, show nothing
  std::string body;
  Urgency urgency = Urgency::normal;
  std::string icon;                       // name in the icon theme; empty: the server chooses
  std::string category;                   // from the specification, for example "network.error"
  std::string tag = "delegate";           // at the desktop portal: the next one with the same tag takes its place
  milliseconds budget = kBudget;          // time limit from connecting to the reply, without the start of a server
  milliseconds activation = kActivation;  // time limit for the start of a server; 0: do not start one
  std::optional<NoticeId> close;          // close this one
  std::optional<NoticeId> replaces;       // show the new one in place of this one
};

struct NoticeResult {
  bool delivered = false;         // the server accepted it; it may still be hidden by "do not disturb"
  bool maybe = false;             // sent without a reply: it may still be shown, so it must not be sent again
  bool replaced = false;          // it replaced `Notice::replaces`
  std::optional<bool> closed;     // whether `Notice::close` is gone; nothing if not requested
  std::optional<NoticeId> shown;  // when delivered
  bool timed_out = false;         // the bus or the server did not answer in time
  std::string reason;             // why part of the notice was not carried out
  milliseconds took{0};
};

/// The characters of the text that a tag, an icon or a category may have, as many as it may have. A login's '@' becomes
/// '.', which no backend's name contains.
std::string plain_name(std::string_view text);

/// The longest document that is read.
inline constexpr std::size_t kLargestNotice = 64u << 10;

std::string to_json(const Notice& notice);
/// Invalid UTF-8 is replaced; an unknown key, a wrong type or a value out of range is an error.
Result<Notice> notice_of(std::string_view json);

std::string to_json(const NoticeResult& delivery);  // one line, without the newline
Result<NoticeResult> notice_result_of(std::string_view line);

}  // namespace delegate::notify::desktop
