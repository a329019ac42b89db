#include "core/os/http_pool.hpp"

#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "core/os/fd.hpp"

namespace delegate {
namespace {

constexpr std::size_t kMostKept = 8;

/// The idle connections of this process.
class Pool {
 public:
  explicit Pool(const CurlLibrary& curl) : curl_(curl) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { close_all(); }

  CURLM* take(const std::string& server) {
    const std::lock_guard lock(mutex_);
    leave_to_parent();
    const auto found =
        std::find_if(idle_.rbegin(), idle_.rend(), [&](const Idle& one) { return one.server == server; });
    if (found == idle_.rend()) return nullptr;
    CURLM* handle = found->handle;
    idle_.erase(std::next(found).base());
    return handle;
  }

  void put(std::string server, CURLM* handle) {
    const std::lock_guard lock(mutex_);
    leave_to_parent();
    idle_.push_back({std::move(server), handle});
    if (idle_.size() <= kMostKept) return;
    curl_.multi_cleanup(idle_.front().handle);
    idle_.erase(idle_.begin());
  }

  void close_all_to(const std::string& server) {
    const std::lock_guard lock(mutex_);
    std::erase_if(idle_, [&](const Idle& one) {
      if (one.server == server) curl_.multi_cleanup(one.handle);
      return one.server == server;
    });
  }

 private:
  struct Idle {
    std::string server;
    CURLM* handle;
  };

  /// Two processes on one connection would read each other's responses.
  void leave_to_parent() {
    if (owner_ == ::getpid()) return;
    close_all();
    owner_ = ::getpid();
  }

  void close_all() {
    const NoSigpipe no_sigpipe;  // closing TLS writes to a server that may have disconnected
    for (const Idle& one : idle_) curl_.multi_cleanup(one.handle);
    idle_.clear();
  }

  const CurlLibrary& curl_;
  std::mutex mutex_;
  pid_t owner_ = ::getpid();
  std::vector<Idle> idle_;  // last used at the end
};

Pool& pool(const CurlLibrary& curl) {
  static Pool one(curl);
  return one;
}

}  // namespace

HttpConnection HttpConnection::kept(const CurlLibrary& curl, const std::string& server) {
  CURLM* handle = pool(curl).take(server);
  return {curl, handle != nullptr ? handle : curl.multi_init(), server};
}

HttpConnection HttpConnection::fresh(const CurlLibrary& curl) { return {curl, curl.multi_init(), {}}; }

HttpConnection::HttpConnection(HttpConnection&& other) noexcept
    : curl_(other.curl_), handle_(std::exchange(other.handle_, nullptr)), server_(std::move(other.server_)) {}

HttpConnection::~HttpConnection() {
  if (handle_ != nullptr) curl_.multi_cleanup(handle_);
}

void HttpConnection::keep() && {
  if (handle_ != nullptr && !server_.empty()) pool(curl_).put(server_, std::exchange(handle_, nullptr));
}

void HttpConnection::broken() && {
  if (!server_.empty()) pool(curl_).close_all_to(server_);
}

}  // namespace delegate
