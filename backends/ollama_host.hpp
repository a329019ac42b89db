#pragma once
#include <string>
#include <string_view>

namespace delegate {

/// The base URL that OLLAMA_HOST (or `url`) means, by Ollama's own rules: default scheme http and port 11434 (80 and
/// 443 when a scheme is given), a path prefix is kept, a bind address (0.0.0.0, ::) is reached on loopback, and empty
/// means 127.0.0.1, not localhost, which may resolve to an address that nothing listens on.
std::string ollama_base_url(std::string_view host);

/// The URL as it may be shown and stored: without `user:password@`.
std::string without_credentials(std::string url);

}  // namespace delegate
