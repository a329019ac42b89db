#pragma once
#include <string>
#include <string_view>

namespace delegate {

/// The base URL for a value of OLLAMA_HOST (or `url`), by the rules of Ollama: default scheme http and port 11434 (80
/// and 443 if a scheme is given), a path prefix is kept, a bind address (0.0.0.0, ::) becomes loopback, and an empty
/// value is 127.0.0.1, not localhost, which may resolve to an address without a listener.
std::string ollama_base_url(std::string_view host);

/// The URL without `user:password@`, for display and storage.
std::string without_credentials(std::string url);

}  // namespace delegate
