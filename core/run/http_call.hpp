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
           const OnReading& on_reading);

  /// Each of these is a step. False: the call is over, and `end` says how.
  bool look_up(CallEnd& end);
  bool load(CallEnd& end);
  const std::vector<HttpResult>& lookups() const { return lookups_; }
  void ask(const HttpRequest& request, CallEnd& end);

 private:
  Problem look_up_once(const HttpRequest& request, const CallEnd& end);
  Problem ask_once(const HttpRequest& request, CallEnd& end);
  template <class Once>
  Problem patiently(Once once, CallEnd& end);
  bool wait_for_model(milliseconds pause, Problem& problem, CallEnd& end);
  void tell_doing(std::string doing, CallEnd& end) const;
  std::string still_loading(const std::string& model) const;
  std::string_view load_limit() const;

  const Backend& backend_;
  const Task& task_;
  const CancelToken& cancel_;
  bool fresh_;
  const OnReading& on_reading_;
  Steady started_ = std::chrono::steady_clock::now();
  Deadline total_;
  Deadline load_end_;
  std::vector<HttpResult> lookups_;
};

}  // namespace delegate
