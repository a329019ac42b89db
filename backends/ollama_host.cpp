#include "backends/ollama_host.hpp"

#include <charconv>

#include "core/base/text.hpp"

namespace delegate {
namespace {

std::string_view unquoted(std::string_view text) {
  text = trim(text);
  while (!text.empty() && (text.front() == '"' || text.front() == '\'')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '"' || text.back() == '\'')) text.remove_suffix(1);
  return text;
}

struct Address {
  std::string_view host;
  std::string_view port;
};

/// `h`, `h:1`, `:1`, `[::1]`, `[::1]:1`, and a bare IPv6 address, whose colons are no port.
Address split_address(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {text.substr(1), {}};
    const std::string_view rest = text.substr(end + 1);
    return {text.substr(1, end - 1), rest.starts_with(':') ? rest.substr(1) : std::string_view()};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::string valid_port(std::string_view port, std::string_view otherwise) {
  int number = -1;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool good = error == std::errc{} && end == port.data() + port.size() && number >= 0 && number <= 65535;
  return std::string(good && !port.empty() ? port : otherwise);
}

std::string connectable(std::string_view host) {
  if (host.empty() || host == "0.0.0.0") return "127.0.0.1";
  if (host == "::" || host == "0:0:0:0:0:0:0:0") return "[::1]";
  return host.find(':') == std::string_view::npos ? std::string(host) : "[" + std::string(host) + "]";
}

}  // namespace

std::string ollama_base_url(std::string_view host) {
  std::string_view rest = unquoted(host);
  std::string scheme = "http";
  std::string_view port = "11434";
  if (const std::size_t mark = rest.find("://"); mark != std::string_view::npos) {
    scheme = lower(rest.substr(0, mark));
    port = scheme == "https" ? "443" : "80";
    rest.remove_prefix(mark + 3);
  } else if (rest == "ollama.com") {
    scheme = "https";
    port = "443";
  }
  const std::size_t slash = rest.find('/');
  std::string_view path = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  std::string_view place = rest.substr(0, slash);
  const std::size_t at = place.rfind('@');  // user and password before it
  const std::string user(at == std::string_view::npos ? std::string_view() : place.substr(0, at + 1));
  if (!user.empty()) place.remove_prefix(at + 1);
  const Address address = split_address(place);
  return scheme + "://" + user + connectable(address.host) + ":" + valid_port(address.port, port) + std::string(path);
}

std::string without_credentials(std::string url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string::npos) return url;
  const std::size_t host = begin + 3;
  const std::size_t at = url.substr(0, url.find('/', host)).rfind('@');
  if (at != std::string::npos && at >= host) url.erase(host, at + 1 - host);
  return url;
}

}  // namespace delegate
