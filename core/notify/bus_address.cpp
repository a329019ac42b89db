#include "core/notify/bus_address.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/base/environment.hpp"
#include "core/base/text.hpp"

namespace delegate::notify::desktop {
namespace {

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// Resolves %xx as the D-Bus specification defines it; nothing if it is malformed or contains a NUL.
std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

LocalSocket unusable(std::string_view address, const std::string& why) {
  return {.unusable = "'" + one_line(address, 60) + "' " + why};
}

LocalSocket address_of(std::string_view address) {
  const std::size_t colon = address.find(':');
  if (colon == std::string_view::npos) return unusable(address, "is not a bus address");
  if (address.substr(0, colon) != "unix") return unusable(address, "is not a socket of this machine");
  for (const std::string_view entry : split(address.substr(colon + 1), ',')) {
    const bool is_path = entry.starts_with("path=");
    if (!is_path && !entry.starts_with("abstract=")) continue;
    const auto socket = unescaped(entry.substr(entry.find('=') + 1));
    if (!socket || socket->empty()) return unusable(address, "is not a bus address");
    if (is_path && socket->front() != '/') return unusable(address, "is not an absolute path");
    return {.name = *socket, .is_abstract = !is_path};
  }
  return unusable(address, "is not a socket of this machine");
}

}  // namespace

std::vector<LocalSocket> bus_addresses(const std::map<std::string, std::string>& environment, unsigned user) {
  std::vector<LocalSocket> found;
  const std::string addresses = variable_in(environment, "DBUS_SESSION_BUS_ADDRESS");
  for (const std::string_view address : split(addresses, ';'))
    if (!address.empty()) found.push_back(address_of(address));
  std::string runtime = variable_in(environment, "XDG_RUNTIME_DIR");
  if (!runtime.starts_with('/')) runtime = "/run/user/" + std::to_string(user);
  const std::string socket = runtime + "/bus";
  const bool known = std::any_of(found.begin(), found.end(),
                                 [&](const LocalSocket& one) { return !one.is_abstract && one.name == socket; });
  if (!known) found.push_back({.name = socket});
  return found;
}

std::vector<LocalSocket> display_addresses(const std::map<std::string, std::string>& environment) {
  std::vector<LocalSocket> found;
  const std::string wayland = variable_in(environment, "WAYLAND_DISPLAY");
  const std::string runtime = variable_in(environment, "XDG_RUNTIME_DIR");
  if (wayland.starts_with('/')) found.push_back({.name = wayland});
  else if (!wayland.empty() && runtime.starts_with('/')) found.push_back({.name = runtime + "/" + wayland});
  const std::string x11 = variable_in(environment, "DISPLAY");
  const std::string number = x11.starts_with(':') ? x11.substr(1, x11.find('.') - 1) : "";
  const bool is_number = !number.empty() && number.find_first_not_of("0123456789") == std::string::npos;
  if (is_number) {
    const std::string socket = "/tmp/.X11-unix/X" + number;
    found.push_back({.name = socket});
    found.push_back({.name = socket, .is_abstract = true});
  }
  return found;
}

}  // namespace delegate::notify::desktop
