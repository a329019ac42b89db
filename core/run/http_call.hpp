#pragma once
#include <vector>

#include "core/run/call.hpp"

namespace delegate {

/// One call to a server: lookups, loading the model, the request itself. Loading has its own time limit,
/// `load_timeout`, and never counts as a failure of the server. The whole call has `settings.timeout` from construction
/// on. All references must outlive it.
class HttpCall {
 public:
  HttpCall(const Backend& backend, const Task& task, const CallLimits& limits, const CancelToken& cancel,
           const OnParsed& on_parsed);

  /// The steps, in this order. False: the call is over, and `call.failure` says why.
  bool look_up(CallEnd& call);
  bool load(CallEnd& call);
  const std::vector<HttpResult>& lookups() const { return lookups_; }
  void ask(const HttpRequest& request, CallEnd& call);

 private:
  Failure look_up_once(const HttpRequest& request, const CallEnd& call);
  Failure ask_once(const HttpRequest& request, CallEnd& call);
  template <class Once>
  Failure retry_while_loading(Once once, CallEnd& call);
  bool wait_for_model(milliseconds pause, Failure& failure, CallEnd& call);
  void report_doing(std::string doing, CallEnd& call) const;
  std::string still_loading(const std::string& model) const;
  std::string_view load_limit() const;

  const Backend& backend_;
  const Task& task_;
  const CancelToken& cancel_;
  bool fresh_;
  const OnParsed& on_parsed_;
  Steady started_ = std::chrono::steady_clock::now();
  Deadline total_;
  Deadline load_end_;
  std::vector<HttpResult> lookups_;
};

}  // namespace delegate
