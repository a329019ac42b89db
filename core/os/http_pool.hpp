#pragma once
#include <string>

#include "core/os/curl_library.hpp"

namespace delegate {

/// A libcurl handle with the connection that it holds: of one exchange at a time, so nothing in it is ever shared.
/// Closed with all it holds when it is destroyed, unless it is kept for the next exchange with the same server. The
/// process keeps a few (8) of them; safe to use from several threads.
class HttpConnection {
 public:
  /// One that was kept for this server ("http://host:port"), else a new one.
  static HttpConnection kept(const CurlLibrary& curl, const std::string& server);
  /// A new one that is never kept.
  static HttpConnection fresh(const CurlLibrary& curl);

  HttpConnection(HttpConnection&& other) noexcept;
  HttpConnection& operator=(HttpConnection&&) = delete;
  ~HttpConnection();

  CURLM* handle() const { return handle_; }  // null: no memory
  /// For the next one. No transfer may be attached to it any more.
  void keep() &&;
  /// The server, or the way to it, broke this connection: what else was kept for it is no better, and is closed.
  void broken() &&;

 private:
  HttpConnection(const CurlLibrary& curl, CURLM* handle, std::string server)
      : curl_(curl), handle_(handle), server_(std::move(server)) {}

  const CurlLibrary& curl_;
  CURLM* handle_;
  std::string server_;  // empty: never kept
};

}  // namespace delegate
