#pragma once
#include <cstdint>
#include <string>

namespace delegate {

/// An address of this machine that `host` of a URL names: "localhost", "127.0.0.2", "[::1]", "0.0.0.0" (which leads to
/// 127.0.0.1 as well). False for any other host.
bool is_local_host(const std::string& host);

/// Does a process listen on the port of that address? Sends nothing. A server that is too busy to accept a connection
/// at once is there.
bool is_listening(const std::string& local_host, std::uint16_t port);

}  // namespace delegate
