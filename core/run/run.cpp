#include "core/run/run.hpp"

#include <algorithm>

#include "core/base/ids.hpp"
#include "core/run/half_change.hpp"
#include "core/run/no_answer.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLeaseMargin{60'000};

RunResult begin_result(const Engine& engine, const PreparedAsk& prepared) {
  const Request& request = prepared.request;
  RunResult result;
  result.run_id = request.run_id.empty() ? make_run_id(engine.clock.now().wall) : request.run_id;
  result.requested_backend = request.backend;
  result.type = prepared.type;
  return result;
}

}  // namespace

Run::Run(const Engine& engine, PreparedAsk& prepared, const CancelToken& cancel, Observer& observer)
    : engine_(engine),
      prepared_(prepared),
      cancel_(cancel),
      observer_(observer),
      result_(begin_result(engine, prepared)),
      routing_(engine, prepared, cancel, observer, result_),
      ledger_(engine) {
  ledger_.begin(result_, prepared.request);
}

bool Run::is_allowed() {
  const auto depth = next_depth(engine_);
  if (depth) depth_ = *depth;
  else blocked_ = depth.error();
  // A name that could be taken for a flag could change what the backend is allowed to do.
  const Request& request = prepared_.request;
  if (request.model.starts_with('-') || request.session.starts_with('-'))
    blocked_ = {Code::permission_denied, "a model or session that begins with a dash", "leave the dash out"};
  return !blocked_;
}

bool Run::take_directory() {
  const Request& request = prepared_.request;
  if (request.access == Access::read_only || prepared_.plan.steps.empty()) return true;
  const WriterRequest wanted{.directory = work_tree_of(request.cwd),
                             .run_id = result_.run_id,
                             .tag = run_tag(engine_, result_.run_id),
                             .lease = routing_.longest_time() + kLeaseMargin,
                             .needs_store = request.in_background};
  auto got = routing_.wait_for_directory(wanted);
  if (auto* refusal = std::get_if<WriterRefusal>(&got)) {
    refusal_ = std::move(*refusal);
    return false;
  }
  directory_.emplace(std::get<WriterLease>(std::move(got)));
  if (const std::string& why = directory_->unguarded_because(); !why.empty()) warn_once(why);
  if (request.continue_writing) go_on_with_change();
  return true;
}

void Run::go_on_with_change() {
  auto change = half_change_in(engine_, prepared_.request.cwd, result_.run_id);
  if (change) go_on_with(prepared_, *std::move(change));
  else warn_once("what an earlier run has left half done is unknown: " + change.error().what);
}

void Run::warn_once(const std::string& warning) {
  auto& all = result_.warnings;
  if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(warning);
}

bool Run::has_written() const {
  return std::any_of(result_.attempts.begin(), result_.attempts.end(),
                     [](const Attempt& attempt) { return attempt.may_have_written; });
}

bool Run::wait_for_candidate() {
  if (is_over()) return false;
  const bool gives_way = directory_ && !has_written();  // a wait may take hours, and others may write meanwhile
  if (gives_way) directory_.reset();
  const bool goes_on = routing_.wait_for_slot() || routing_.wait_for_breaker();
  return goes_on && (!gives_way || take_directory());
}

bool Run::is_over() const {
  return streaming_attempt_ != 0 || is_decided() || ended_by_outcome_ || cancel_.cancelled() ||
         routing_.deadline().passed();
}

std::optional<AttemptOrder> Run::completed(std::optional<AttemptOrder> order) const {
  if (!order) return order;
  order->run_id = result_.run_id;
  order->depth = depth_;
  order->keep_row = ledger_.writes_rows();
  return order;
}

Deadline Run::end_of_waiting(const HedgedAttempts& attempts) const {
  const bool ends_by_itself = !attempts.only_probes_left() || prepared_.request.access == Access::write;
  return ends_by_itself ? Deadline::never() : routing_.deadline();
}

void Run::on_output(int number, const OutputDelta& delta) {
  const Streaming streaming = prepared_.request.streaming;
  const bool wanted = streaming == Streaming::drafts || (streaming == Streaming::certain && delta.certain);
  const bool writes = wanted && (delta.reset || !delta.text.empty());
  if (writes && streaming_attempt_ == 0 && !answered() && !is_closing_) streaming_attempt_ = number;
  const bool shows = writes && streaming_attempt_ == number;
  if (!delta.doing && !shows) return;
  OutputDelta shown = delta;
  if (!shows) shown.text.clear(), shown.reset = false;
  observer_.output(routing_.backend_of(number), shown);
}

/// The request itself is wrong, or the next backend would build on half a change.
bool Run::ends_the_run(const Attempt& failed) const {
  const bool is_half_done = failed.may_have_written && !prepared_.request.continue_writing;
  return failed.is_callers_own || traits(failed.outcome).try_next == TryNext::no || is_half_done;
}

void Run::note(Attempt attempt) {
  if (attempt.background_probe) return result_.limit_probes.push_back(std::move(attempt));
  observer_.ended(attempt);
  routing_.note(attempt);
  for (const std::string& warning : attempt.warnings) result_.warnings.push_back(attempt.backend + ": " + warning);
  // Once the output of one attempt has been shown, the answer of another cannot follow it.
  const bool may_answer = streaming_attempt_ == 0 || streaming_attempt_ == attempt.number;
  if (is_answer(attempt.outcome) && !answered() && may_answer) result_.answer = attempt;
  else if (streaming_attempt_ == attempt.number && !is_answer(attempt.outcome)) broke_off_ = true;
  else if (ends_the_run(attempt)) ended_by_outcome_ = true;
  attempt.text = {};  // `answer` has it
  result_.attempts.push_back(std::move(attempt));
}

void Run::explain() {
  NoAnswer why = explain_no_answer({.result = result_,
                                    .refusal = refusal_ ? &*refusal_ : nullptr,
                                    .blocked = blocked_,
                                    .cancelled = cancel_.cancelled(),
                                    .deadline_passed = routing_.deadline().passed(),
                                    .broken_attempt = broke_off_ ? streaming_attempt_ : 0,
                                    .named_skip_hint = named_skip_hint(engine_, result_)});
  result_.outcome = why.outcome;
  result_.message = std::move(why.message);
  result_.hint = std::move(why.hint);
}

void Run::report_answered_rejections() {
  for (Attempt& attempt : result_.attempts) {
    const BackendSettings* settings = engine_.config.backend(attempt.backend);
    if (attempt.rejected_prompt.empty() || settings == nullptr) continue;
    const Settled settled =
        engine_.breakers.answered_elsewhere(attempt.backend, policy_of(settings->breaker, engine_.config.grace),
                                            {.message = attempt.message, .rejected_prompt = attempt.rejected_prompt});
    attempt.counted = attempt.counted || settled.counted;
    attempt.tripped = attempt.tripped || settled.tripped;
  }
}

RunResult Run::finish(std::unique_ptr<HedgedAttempts> attempts) {
  result_.still_probing = attempts->stop_all_but_probes();
  is_closing_ = true;
  while (auto late = attempts->next(Deadline::in(milliseconds(0)), *this)) note(*std::move(late));
  if (!attempts->all_ended()) result_.pending = std::move(attempts);
  if (answered()) {
    result_.outcome = result_.answer->outcome;
    report_answered_rejections();
  } else {
    for (const Attempt& attempt : result_.attempts) add_attempt(result_.half_change, attempt);
    explain();
  }
  result_.took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
  ledger_.finish(result_);
  const auto& remarks = ledger_.remarks();
  if (std::string trouble = engine_.breakers.unguarded_because(); !trouble.empty())
    result_.warnings.push_back("breakers are off for this call: " + trouble);
  else result_.warnings.insert(result_.warnings.end(), remarks.begin(), remarks.end());
  return std::move(result_);
}

}  // namespace delegate
