#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"

// What delegate and delegate-notify tell each other: a Notice goes in as one JSON document, a Delivery comes back as
// one line of JSON. Both ends are here, so that they cannot differ.
namespace delegate::notify::desktop {

enum class Urgency : std::uint8_t { low = 0, normal = 1, critical = 2 };  // the numbers are the bus's

/// A notification that was delivered once. Ids die with the server that gave them: `server` says which one it was, as
/// "<guid of the bus>/<the server's unique name>", and to any other the id means nothing or something else.
struct Shown {
  std::uint32_t id = 0;
  std::string server;
};

struct Notice {
  std::string summary;  // empty: show nothing, only close
  std::string body;
  Urgency urgency = Urgency::normal;
  std::string icon;               // its name in the desktop's theme; empty: the server's choice
  std::string category;           // of the specification, as "network.error"
  milliseconds budget{500};       // for everything, from the connection to the answer
  milliseconds activation{5000};  // instead, where a server has to be started first; 0: do not start one
  std::optional<Shown> close;     // take this one away
  std::optional<Shown> replaces;  // show the new one in its place
};

struct Delivery {
  bool delivered = false;      // the server has it. Whether anybody sees it (do not disturb) is not to be known
  bool maybe = false;          // it was sent, but no answer came: it may be shown yet, so it must not be sent again
  bool replaced = false;       // it took the place of `Notice::replaces`
  std::optional<bool> closed;  // whether `Notice::close` is gone; nothing when it was not asked for
  std::optional<Shown> shown;  // when delivered
  std::string reason;          // why something that was asked for was not done, in plain words
  milliseconds took{0};
};

/// The longest document that is read.
inline constexpr std::size_t kLargestNotice = 64u << 10;

std::string to_json(const Notice& notice);
/// Bytes that are no UTF-8 are mended; an unknown key, a wrong type or a value out of range is an error.
Result<Notice> notice_of(std::string_view json);

std::string to_json(const Delivery& delivery);  // one line, without its end
Result<Delivery> delivery_of(std::string_view line);

}  // namespace delegate::notify::desktop
