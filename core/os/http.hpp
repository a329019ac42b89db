#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"
#include "core/os/cancel.hpp"
#include "core/os/child.hpp"

// One HTTP request over libcurl, which is loaded on first use: linking it would cost every start 7 ms.
namespace delegate {

struct HttpClocks {
  milliseconds connect{1000};  // with name look-up and TLS; 0: curl's five minutes
  milliseconds first_byte{0};  // silence between the last byte sent and the response; 0: not limited
  milliseconds idle{0};        // silence in the body, or a third of the time in which on_body sees no progress; 0: none
  milliseconds wind_up{2000};  // after the last Flow::wind_up, unless Flow::go_on follows
  Deadline total = Deadline::never();
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  HttpClocks clocks;
  bool fresh = false;             // on a new connection, which is closed afterwards
  std::size_t keep = 256u << 10;  // of the body, for error messages; on_body gets all of it
};

enum class HttpEnd {
  complete,     // the whole response was received, with any status
  unreachable,  // refused, no route, name not found, TLS: no request was accepted
  connect_timeout,
  no_first_byte,  // the timeouts
  idle,
  timed_out,
  unsent,   // the connection broke while the request was being sent
  dropped,  // the connection broke after that
  cancelled,
  stopped,    // Flow::stop, Flow::finish or Flow::wind_up from on_body
  malformed,  // not HTTP
};

struct HttpResult {
  HttpEnd end = HttpEnd::complete;
  int status = 0;           // 0: no status line was received
  std::string body;         // its first `keep` bytes
  std::string retry_after;  // when to try again, from the most exact header; not interpreted here
  std::string content_type;
  std::string location;  // of a redirect
  struct Header {
    std::string name;  // in lower case
    std::string value;
  };
  std::vector<Header> limits;  // all headers about rate limits; not interpreted here
  std::string message;         // curl's message if the end was neither complete nor decided here
  milliseconds since_last_byte{0};
  milliseconds took{0};
};

/// Sends the request and blocks until the end. After a complete response the connection is kept for half a minute, for
/// the next request to the same server; any other end closes it. Redirects are not followed, proxies are ignored for
/// loopback, ~/.netrc and cookies are not used. Cancelling closes the connection at once, which makes a local model
/// stop generating. SIGPIPE never reaches this thread meanwhile. Fails, with a hint, only if nothing could be sent:
/// libcurl cannot be loaded (Code::unavailable), the URL or a header cannot be used (invalid_argument), no memory
/// (resource_exhausted).
Result<HttpResult> http_exchange(const HttpRequest& request, const CancelToken& cancel,
                                 const std::function<Flow(std::string_view bytes)>& on_body = {});

}  // namespace delegate
