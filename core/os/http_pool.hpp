#pragma once
#include <string>

#include "core/os/curl_library.hpp"

namespace delegate {

/// A libcurl handle and its connection, used by one exchange at a time, so nothing is shared. The destructor closes it
/// unless it was kept for the next exchange with the same server. The process keeps up to 8. Safe to use from several
/// threads.
class HttpConnection {
 public:
  /// A kept one for this server ("http://host:port"), else a new one.
  static HttpConnection kept(const CurlLibrary& curl, const std::string& server);
  /// A new one that is never kept.
  static HttpConnection fresh(const CurlLibrary& curl);

  HttpConnection(HttpConnection&& other) noexcept;
  HttpConnection& operator=(HttpConnection&&) = delete;
  ~HttpConnection();

  CURLM* handle() const { return handle_; }  // null: no memory
  /// Keeps it for the next exchange. No transfer may be attached to it any more.
  void keep() &&;
  /// This connection broke, so the others kept for the same server are closed, too: they are probably broken as well.
  void broken() &&;

 private:
  HttpConnection(const CurlLibrary& curl, CURLM* handle, std::string server)
      : curl_(curl), handle_(handle), server_(std::move(server)) {}

  const CurlLibrary& curl_;
  CURLM* handle_;
  std::string server_;  // empty: never kept
};

}  // namespace delegate
