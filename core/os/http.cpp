#include "core/os/http.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <memory>

#include "core/base/text.hpp"
#include "core/os/curl_library.hpp"
#include "core/os/fd.hpp"
#include "core/os/http_pool.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLongestPoll{60'000};
/// How long to wait for the end of a response that is already understood, so that its connection can be kept.
constexpr milliseconds kLongestEnd{50};
/// A server that sends nothing but signs of life may do so this many times longer than one that is silent.
constexpr int kSilences = 3;
constexpr std::size_t kMostLimits = 32;  // headers
constexpr long kLongestIdle = 30;        // seconds that a kept connection is used again

struct Url {
  std::string scheme;
  std::string host;
  std::string port;

  std::string server() const { return scheme + "://" + host + ":" + port; }
};

/// The URL without the part before an `@`, which may be a password.
std::string shown(const std::string& url) { return url.substr(url.rfind('@') + 1); }

std::string url_part(const CurlLibrary& curl, CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl.url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string out(text);
  curl.free(text);
  return out;
}

Result<Url> parse_url(const CurlLibrary& curl, const std::string& text) {
  const std::unique_ptr<CURLU, decltype(curl.url_cleanup)> url(curl.url(), curl.url_cleanup);
  const bool read = url && text.find('\0') == std::string::npos &&
                    curl.url_set(url.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
  if (read) {
    Url parts{lower(url_part(curl, url.get(), CURLUPART_SCHEME)), lower(url_part(curl, url.get(), CURLUPART_HOST)),
              url_part(curl, url.get(), CURLUPART_PORT)};
    if ((parts.scheme == "http" || parts.scheme == "https") && !parts.host.empty()) return parts;
  }
  return fail(Code::invalid_argument, "http: not a usable URL: " + one_line(shown(text)),
              "write it as http://HOST:PORT or https://HOST");
}

/// Hosts that mean this machine, also the unspecified addresses: connecting to them reaches this machine.
bool is_loopback(std::string host) {
  if (!host.empty() && host.back() == '.') host.pop_back();
  const std::string_view tail = ".localhost";
  if (host == "localhost") return true;
  if (host.size() > tail.size() && host.compare(host.size() - tail.size(), tail.size(), tail) == 0) return true;
  in_addr four{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) {
    const std::uint32_t address = ntohl(four.s_addr);
    return address == 0 || address >> 24 == 127;
  }
  if (host.size() < 2 || host.front() != '[') return false;
  in6_addr six{};
  if (::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six) != 1) return false;
  const bool mapped = std::all_of(six.s6_addr, six.s6_addr + 10, [](std::uint8_t byte) { return byte == 0; }) &&
                      six.s6_addr[10] == 0xFF && six.s6_addr[11] == 0xFF;
  std::array<std::uint8_t, 16> loopback{};
  const bool unspecified = std::equal(loopback.begin(), loopback.end(), six.s6_addr);
  loopback[15] = 1;
  return unspecified || std::equal(loopback.begin(), loopback.end(), six.s6_addr) || (mapped && six.s6_addr[12] == 127);
}

/// Maps curl's result to ours.
HttpEnd end_of(CURLcode code) {
  switch (code) {
    case CURLE_OK: return HttpEnd::complete;
    case CURLE_OPERATION_TIMEDOUT:  // the only timeout that curl is given
      return HttpEnd::connect_timeout;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_PROXY:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED: return HttpEnd::unreachable;
    case CURLE_UNSUPPORTED_PROTOCOL:  // the URL was checked before, so the response is not HTTP/1
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return HttpEnd::malformed;
    case CURLE_SEND_ERROR: return HttpEnd::unsent;
    default:  // RECV_ERROR, GOT_NOTHING, PARTIAL_FILE and the like
      return HttpEnd::dropped;
  }
}

/// One request. The destructor closes the connection, or keeps it after a complete response.
class Exchange {
 public:
  Exchange(const CurlLibrary& curl, HttpConnection connection, const HttpRequest& request, const CancelToken& cancel,
           const std::function<Flow(std::string_view)>& on_body)
      : curl_(curl), connection_(std::move(connection)), request_(request), cancel_(cancel), on_body_(on_body) {}
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Status set_up(const Url& url);
  HttpResult run();

 private:
  static std::size_t header_came(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t body_came(char* bytes, std::size_t size, std::size_t count, void* self);

  template <class Value>
  CURLcode set(CURLoption option, Value value) {
    return curl_.easy_setopt(easy_, option, value);
  }
  template <class Value>
  Value ask(CURLINFO info) const {
    Value value{};
    curl_.easy_getinfo(easy_, info, &value);
    return value;
  }
  Status add_headers();
  void set_method();
  void set_limits(const Url& url);
  void take_header(std::string_view line);
  void note_retry_after(std::string_view name, std::string_view value);
  bool take_body(std::string_view bytes);
  bool check_done();
  bool check_clocks(bool has_status_now);
  void note_upload();
  Deadline silence_limit() const;
  Deadline progress_limit() const;
  void wait();
  void decide(HttpEnd end);

  const CurlLibrary& curl_;
  HttpConnection connection_;
  const HttpRequest& request_;
  const CancelToken& cancel_;
  const std::function<Flow(std::string_view)>& on_body_;
  CURL* easy_ = nullptr;
  CURLM* multi_ = connection_.handle();
  curl_slist* headers_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> words_{};  // curl's message

  HttpResult result_;
  bool connected_ = false;
  bool has_status_ = false;  // the status line has arrived
  bool stopped_ = false;     // by on_body
  bool ended_ = false;       // the whole response was read
  Deadline end_of_finishing_ = Deadline::never();
  bool over_ = false;
  curl_off_t sent_ = 0;
  std::uint64_t received_ = 0;
  const Steady asked_ = steady_now();
  Steady last_byte_ = asked_;  // in either direction
  Steady last_progress_ = asked_;
  int retry_after_rank_ = 0;  // of the header that result_.retry_after is from
};

Exchange::~Exchange() {
  if (multi_ != nullptr && easy_ != nullptr) curl_.multi_remove_handle(multi_, easy_);
  if (easy_ != nullptr) curl_.easy_cleanup(easy_);
  curl_.slist_free_all(headers_);
  if (ended_) std::move(connection_).keep();
  else if (result_.end == HttpEnd::dropped || result_.end == HttpEnd::unsent) std::move(connection_).broken();
}

Status Exchange::set_up(const Url& url) {
  easy_ = curl_.easy_init();
  if (easy_ == nullptr || multi_ == nullptr) return fail(Code::resource_exhausted, "http: libcurl has no memory");
  TRY_STATUS(add_headers());
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_HTTPHEADER, headers_);
  set(CURLOPT_ERRORBUFFER, words_.data());
  set(CURLOPT_HEADERFUNCTION, &Exchange::header_came);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Exchange::body_came);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set_method();
  set_limits(url);
  if (curl_.multi_add_handle(multi_, easy_) != CURLM_OK) return fail(Code::unavailable, "http: libcurl cannot start");
  return {};
}

Status Exchange::add_headers() {
  std::vector<std::string> lines = request_.headers;
  lines.push_back("Expect:");  // without it a large body waits a second for a 100 that small servers never send
  for (const std::string& line : lines) {
    const std::string name = line.substr(0, line.find(':'));
    if (line.find_first_of(std::string_view("\r\n\0", 3)) !=
        std::string::npos)  // usually the final newline of a key file
      return fail(Code::invalid_argument, "http: the value of header " + one_line(name) + " contains a line break");
    curl_slist* longer = curl_.slist_append(headers_, line.c_str());
    if (longer == nullptr) return fail(Code::resource_exhausted, "http: libcurl has no memory");
    headers_ = longer;
  }
  return {};
}

void Exchange::set_method() {
  if (request_.method == "HEAD") set(CURLOPT_NOBODY, 1L);
  if (request_.method == "POST" || !request_.body.empty()) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.data());  // borrowed, not copied
  }
  if (request_.method != "GET" || !request_.body.empty()) set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void Exchange::set_limits(const Url& url) {
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  // Compression would hold a stream back, so none is asked for; but what some servers send anyway is unpacked.
  set(CURLOPT_ACCEPT_ENCODING, "identity");
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy header is not part of the response
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.clocks.connect.count()));
  set(CURLOPT_MAXAGE_CONN, kLongestIdle);
  if (is_loopback(url.host)) set(CURLOPT_NOPROXY, "*");
#if CURL_AT_LEAST_VERSION(7, 87, 0)
  // Older versions do not have these: the scheme is checked anyway, and only a name server that does not respond could
  // delay a cancelled call.
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_QUICK_EXIT, 1L);
#endif
}

std::size_t Exchange::header_came(char* bytes, std::size_t size, std::size_t count, void* self) {
  static_cast<Exchange*>(self)->take_header(std::string_view(bytes, size * count));
  return size * count;
}

std::size_t Exchange::body_came(char* bytes, std::size_t size, std::size_t count, void* self) {
  return static_cast<Exchange*>(self)->take_body(std::string_view(bytes, size * count)) ? size * count : 0;
}

void Exchange::take_header(std::string_view line) {
  received_ += line.size();
  last_byte_ = last_progress_ = steady_now();
  if (line.substr(0, 5) == "HTTP/") {
    has_status_ = line.find(" 1") != line.find(' ');  // 1xx is only an interim response
    result_.retry_after.clear();
    retry_after_rank_ = 0;
    result_.content_type.clear();
    result_.location.clear();
    result_.limits.clear();
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = lower(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  note_retry_after(name, value);
  if (name == "content-type") result_.content_type = value;
  if (name == "location") result_.location = value;
  const bool about_limits = name.find("ratelimit") != std::string::npos;
  if (about_limits && result_.limits.size() < kMostLimits) result_.limits.push_back({name, std::string(value)});
}

/// `retry-after-ms` is more exact than `Retry-After`, which is more exact than the end of a window.
void Exchange::note_retry_after(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  const int rank = name == "retry-after-ms"                                   ? 3
                   : name == "retry-after"                                    ? 2
                   : name == "x-ratelimit-reset" || name == "ratelimit-reset" ? 1
                                                                              : 0;
  if (rank <= retry_after_rank_) return;
  retry_after_rank_ = rank;
  result_.retry_after = std::string(value) + (rank == 3 ? "ms" : "");
}

bool Exchange::take_body(std::string_view bytes) {
  received_ += bytes.size();
  if (result_.body.size() < request_.keep) result_.body += bytes.substr(0, request_.keep - result_.body.size());
  last_byte_ = steady_now();
  if (!on_body_) last_progress_ = last_byte_;
  if (stopped_ || !on_body_) return true;  // the rest is read and discarded
  const Flow flow = on_body_(bytes);
  last_byte_ = steady_now();
  if (flow == Flow::idle) return true;  // bytes that keep the connection alive do not put any end off
  last_progress_ = last_byte_;
  end_of_finishing_ = flow == Flow::wind_up ? Deadline::in(request_.clocks.wind_up) : Deadline::never();
  if (flow == Flow::go_on || flow == Flow::wind_up) return true;
  stopped_ = true;
  if (flow == Flow::finish) end_of_finishing_ = Deadline::in(kLongestEnd);
  return flow != Flow::stop;
}

HttpResult Exchange::run() {
  while (!over_) {
    const std::uint64_t before = received_;
    int running = 0;
    curl_.multi_perform(multi_, &running);
    note_upload();
    if (check_done() || check_clocks(received_ != before)) break;
    wait();
  }
  result_.status = static_cast<int>(ask<long>(CURLINFO_RESPONSE_CODE));
  result_.took = whole(steady_now() - asked_);
  return std::move(result_);
}

bool Exchange::check_done() {
  int left = 0;
  const CURLMsg* message = curl_.multi_info_read(multi_, &left);
  if (message == nullptr || message->msg != CURLMSG_DONE) return false;
  const CURLcode code = message->data.result;
  ended_ = code == CURLE_OK;
  HttpEnd end = end_of(code);
  const auto whole_body = static_cast<curl_off_t>(request_.body.size());
  if (end == HttpEnd::dropped && !has_status_ && ask<curl_off_t>(CURLINFO_SIZE_UPLOAD_T) < whole_body)
    end = HttpEnd::unsent;
  decide(end);
  if (code != CURLE_OK && !stopped_) {
    result_.message = words_[0] != '\0' ? words_.data() : curl_.easy_strerror(code);
    result_.message = one_line(result_.message);
  }
  return true;
}

/// The first-byte timeout starts when the connection is established, and again whenever a part of the request was sent.
void Exchange::note_upload() {
  if (has_status_) return;
  const bool connected = ask<curl_off_t>(CURLINFO_PRETRANSFER_TIME_T) > 0;
  const auto sent = ask<curl_off_t>(CURLINFO_SIZE_UPLOAD_T);
  if (connected == connected_ && sent == sent_) return;
  connected_ = connected;
  sent_ = sent;
  last_byte_ = steady_now();
}

Deadline Exchange::silence_limit() const {
  const milliseconds limit = has_status_ ? request_.clocks.idle : request_.clocks.first_byte;
  return (connected_ || has_status_) && limit.count() > 0 ? Deadline::at(last_byte_ + limit) : Deadline::never();
}

Deadline Exchange::progress_limit() const {
  const milliseconds limit = request_.clocks.idle * kSilences;
  return has_status_ && limit.count() > 0 ? Deadline::at(last_progress_ + limit) : Deadline::never();
}

bool Exchange::check_clocks(bool has_status_now) {
  if (cancel_.cancelled()) decide(HttpEnd::cancelled);
  else if (request_.clocks.total.passed()) decide(HttpEnd::timed_out);
  else if (end_of_finishing_.passed()) decide(HttpEnd::stopped);
  else if (!has_status_now && silence_limit().passed()) decide(has_status_ ? HttpEnd::idle : HttpEnd::no_first_byte);
  else if (progress_limit().passed()) decide(HttpEnd::idle);
  return over_;
}

void Exchange::wait() {
  const Deadline until =
      silence_limit().or_earlier(progress_limit()).or_earlier(request_.clocks.total).or_earlier(end_of_finishing_);
  const milliseconds longest = cancel_.fd() < 0 ? CancelToken::kBlindCheck : kLongestPoll;
  const milliseconds left = std::min(until.left().value_or(longest), longest);
  curl_waitfd cancelled{cancel_.fd(), CURL_WAIT_POLLIN, 0};
  int ready = 0;
  curl_.multi_poll(multi_, &cancelled, cancel_.fd() < 0 ? 0u : 1u, static_cast<int>(left.count()), &ready);
}

void Exchange::decide(HttpEnd end) {
  result_.end = stopped_ ? HttpEnd::stopped : end;  // on_body asked to stop before
  result_.since_last_byte = whole(steady_now() - (end == HttpEnd::idle ? last_progress_ : last_byte_));
  over_ = true;
}

}  // namespace

Result<HttpResult> http_exchange(const HttpRequest& request, const CancelToken& cancel,
                                 const std::function<Flow(std::string_view bytes)>& on_body) {
  TRY(const CurlLibrary* curl, curl_library());
  TRY(const Url url, parse_url(*curl, request.url));
  HttpResult not_sent;
  if (cancel.cancelled()) not_sent.end = HttpEnd::cancelled;
  else if (request.clocks.total.passed()) not_sent.end = HttpEnd::timed_out;
  if (not_sent.end != HttpEnd::complete) return not_sent;
  const NoSigpipe no_sigpipe;
  HttpConnection connection = request.fresh ? HttpConnection::fresh(*curl) : HttpConnection::kept(*curl, url.server());
  Exchange exchange(*curl, std::move(connection), request, cancel, on_body);
  TRY_STATUS(exchange.set_up(url));
  return exchange.run();
}

}  // namespace delegate
