#pragma once
#include <vector>

#include "core/run/call.hpp"

namespace delegate {

/// One call at a server: what must be known first, its model made ready, the question. A model that is being loaded is
/// waited for by its own clock, `load_timeout`, and is never held against the server. The whole call has
/// `settings.timeout`, from its construction on. Everything it is given must outlive it.
class HttpCall {
 public:
  HttpCall(const Backend& backend, const Task& task, const CallLimits& limits, const CancelToken& cancel,
           const OnParsed& on_parsed);

  /// Each of these is a step. False: the call is over, and `call.failure` says how.
  bool look_up(CallEnd& call);
  bool load(CallEnd& call);
  const std::vector<HttpResult>& lookups() const { return lookups_; }
  void ask(const HttpRequest& request, CallEnd& call);

 private:
  Failure look_up_once(const HttpRequest& request, const CallEnd& call);
  Failure ask_once(const HttpRequest& request, CallEnd& call);
  template <class Once>
  Failure patiently(Once once, CallEnd& call);
  bool wait_for_model(milliseconds pause, Failure& failure, CallEnd& call);
  void tell_doing(std::string doing, CallEnd& call) const;
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
